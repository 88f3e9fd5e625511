"""Tokens, roles and limits."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.testing import RequestFactory

from skyband.schema.errors import BadFile, BadOption, ServerBusy
from skyband.server.web.access import Access, Identity, Limits, check_admin, check_listening, read_tokens

ALICE = hashlib.sha256(b"alice-secret").hexdigest()
ROOT = hashlib.sha256(b"root-secret").hexdigest()
FILE = f"""
[[token]]
name = "alice"
role = "read"
sha256 = "{ALICE}"

[[token]]
name = "root"
role = "admin"
sha256 = "{ROOT.upper()}"
"""


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.toml"
    path.write_text(FILE)
    return path


def asked(authorization: str | None) -> Any:
    return RequestFactory().get("/", headers={"Authorization": authorization} if authorization is not None else {})


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def who(access: Access, authorization: str | None) -> tuple[str, str]:
    identity = access.identify(asked(authorization))
    return identity.name, identity.role


def test_tokens_are_known_as_bearer_and_as_password(token_file: Path) -> None:
    access = Access(read_tokens(token_file))
    assert access.needs_token
    assert who(access, "Bearer alice-secret") == ("alice", "read")
    assert who(access, basic("anybody", "root-secret")) == ("root", "admin")


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic !!!", "Digest x", basic("a", "b")]
)
def test_without_a_known_token_nobody_is_answered(token_file: Path, authorization: str | None) -> None:
    with pytest.raises(NotAuthorizedException) as refused:
        Access(read_tokens(token_file)).identify(asked(authorization))
    assert refused.value.headers is not None
    assert refused.value.headers["WWW-Authenticate"].startswith("Basic")


def test_public_reading_lets_everybody_read_but_knows_tokens(token_file: Path) -> None:
    access = Access(read_tokens(token_file), public_read=True)
    assert who(access, None) == ("", "read")
    assert who(access, "Bearer root-secret") == ("root", "admin")
    with pytest.raises(NotAuthorizedException):
        access.identify(asked("Bearer wrong"))


def test_without_tokens_this_machine_may_do_everything_and_the_public_may_read() -> None:
    assert who(Access(), None) == ("", "admin")
    assert who(Access(public_read=True), None) == ("", "read")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "token = 3",
        "[[token]]\nname = 'a'",
        FILE.replace(ALICE, "ab"),
        FILE.replace('"read"', '"god"'),
        FILE.replace('"alice"', '""'),
        FILE.replace("[[", "[["[:1]),
    ],
)
def test_a_token_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(text)
    with pytest.raises(BadFile, match="token file"):
        read_tokens(path)


def test_a_missing_token_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be used"):
        read_tokens(tmp_path / "none.toml")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_this_machine_needs_no_token(host: str) -> None:
    check_listening(host, has_tokens=False, public_read=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "sky.example.org"])
def test_other_addresses_need_a_token_or_public_reading(host: str) -> None:
    with pytest.raises(BadOption, match="--token-file"):
        check_listening(host, has_tokens=False, public_read=False)
    check_listening(host, has_tokens=True, public_read=False)
    check_listening(host, has_tokens=False, public_read=True)


def test_a_client_has_only_so_many_queries_at_once() -> None:
    limits = Limits(concurrent=2, per_minute=1000)
    alice, bob = Identity("alice", "read", "1.2.3.4"), Identity("", "read", "1.2.3.4")
    with limits.counted(alice):
        with limits.counted(alice):
            with pytest.raises(ServerBusy, match="2 queries of this client"), limits.counted(alice):
                pass
            with limits.counted(bob):
                pass
        with limits.counted(alice):
            pass


def test_a_client_may_ask_only_so_often() -> None:
    limits = Limits(concurrent=100, per_minute=3)
    identity = Identity("", "read", "1.2.3.4")
    for _ in range(6):
        with limits.counted(identity):
            pass
    with pytest.raises(ServerBusy, match="3 queries a minute"), limits.counted(identity):
        pass
    with limits.counted(Identity("", "read", "1.2.3.5")):
        pass


def test_admins_write_and_readers_do_not(token_file: Path) -> None:
    tokens = read_tokens(token_file)
    # Without tokens everybody is the owner of the machine.
    for access, authorization in ((Access(), None), (Access(tokens), "Bearer root-secret")):
        check_admin(access.identify(asked(authorization)), "labels are written")
    for access, authorization in (
        (Access(tokens), "Bearer alice-secret"),
        (Access(tokens, public_read=True), None),
        (Access(public_read=True), None),
    ):
        with pytest.raises(PermissionDeniedException, match="labels are written by admins alone"):
            check_admin(access.identify(asked(authorization)), "labels are written")
