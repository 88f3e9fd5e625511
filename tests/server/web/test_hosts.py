"""Who is believed about names and addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:1234", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("localhost.evil.example:80", 421),
        ("192.168.1.1", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_on_this_machine_only_its_own_names_are_answered(service: Any, host: str, status: int) -> None:
    for path in ("/tables", "/tap/tables", "/health", "/schema"):
        response = service.client.get(path, headers={"Host": host})
        assert response.status_code == status, path
        assert status == 200 or "SKYBAND_PUBLIC_URL" in response.text


def test_the_public_name_and_other_addresses_are_answered(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, public_url="https://sky.example.org:444/") as service:
        for host, status in (("sky.example.org", 200), ("SKY.example.org:444", 200), ("evil.example", 421)):
            assert service.client.get("/tables", headers={"Host": host}).status_code == status
    with serve(own_sky, "--host", "0.0.0.0", "--public-read") as service:
        assert service.client.get("/tables", headers={"Host": "my.laptop"}).status_code == 200


@pytest.mark.parametrize(
    ("trusted", "seen"), [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.7"), ("10.0.0.0/8", "127.0.0.1")]
)
def test_a_client_is_what_it_says_only_where_proxies_are_trusted(
    own_sky: Path, serve: Any, trusted: str, seen: str
) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    with serve(own_sky, trusted_proxies=trusted) as service:
        assert service.client.get("/tables", headers=forwarded).status_code == 200
        scheme = "https" if seen != "127.0.0.1" else "http"
        assert f">{scheme}://" in service.client.get("/tap/capabilities", headers=forwarded).text
    logged = [json.loads(line) for line in (own_sky.parent / "serve.log").read_text().splitlines() if line[0] == "{"]
    assert {entry["client"] for entry in logged if entry["path"] == "/tables"} == {seen}
