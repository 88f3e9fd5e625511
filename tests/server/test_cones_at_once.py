"""Many clients ask for cones at once: the service searches some of them together, and none of them can tell."""

from __future__ import annotations

import io
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table

_CLIENTS = 8
_QUESTIONS = 30
_TABLE = "sim_astrometry"


def ids(document: bytes) -> list[str]:
    table = parse_single_table(io.BytesIO(document))
    (place,) = (n for n, field in enumerate(table.fields) if field.ucd == "meta.id;meta.main")
    return [str(row[place]) for row in table.array]


def hang_up(url: str) -> None:
    """Ask, and do not wait for the answer."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(f"GET /scs/{_TABLE}?RA=1&DEC=1&SR=1 HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())


def test_each_client_gets_its_own_rows(service: Any) -> None:
    listed = service.client.get("/sql", params={"query": f"SELECT id, ra, dec FROM keys.{_TABLE}", "format": "csv"})
    rows = [line.split(",") for line in listed.text.splitlines()[1:]]
    sky = SkyCoord([float(row[1]) for row in rows], [float(row[2]) for row in rows], unit="deg")
    rng = np.random.default_rng(7)
    # Around sources, so that most have rows.
    places = [sky[n] for n in rng.integers(0, len(rows), _CLIENTS * _QUESTIONS)]
    radii_deg = rng.choice([0.01, 0.05, 0.2, 1.0], len(places))
    answers: dict[int, httpx.Response] = {}

    def ask(client_number: int) -> None:
        with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as client:
            for number in range(client_number, len(places), _CLIENTS):
                # Among them those that are wrong, and those who do not wait.
                if number % 10 == 3:
                    hang_up(service.url)
                dec_deg = 95.0 if number % 10 == 7 else places[number].dec.deg
                where = {"RA": places[number].ra.deg, "DEC": dec_deg, "SR": radii_deg[number]}
                answers[number] = client.get(f"/scs/{_TABLE}", params=where)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(places)
    found = 0
    for number, answer in answers.items():
        if number % 10 == 7:
            assert answer.status_code == 400
            assert b'value="ERROR"' in answer.content
            continue
        separation_deg = sky.separation(places[number]).deg
        near = {rows[n][0] for n in np.flatnonzero(separation_deg <= radii_deg[number])}
        assert (answer.status_code, set(ids(answer.content))) == (200, near)
        assert answer.headers["X-Skyband-Truncated"] == "false"
        found += len(near)
    assert found > len(places)
    assert service.client.get("/health").json() == {"status": "ok"}
