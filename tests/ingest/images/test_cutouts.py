"""Cutouts around the objects of a table: asked for once each, kept, and taken up again after an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from skyband.ingest.images import AddOptions, AddReport
from skyband.ingest.images.cutouts import CutoutOptions, add_cutouts, services
from skyband.queries.images import Pixels, decode
from skyband.schema.errors import BadOption, BadTable, QueryError, TableNotFound
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.pictures import jpeg, saved
from tests.places import ImageServer

Ask = Callable[..., list[tuple[Any, ...]]]
Cut = Callable[..., AddReport]

PATHS = {"sdss": "/dr18/SkyServerWS/ImgCutout/getjpeg", "legacy": "/viewer/cutout.jpg"}


@pytest.fixture
def fast(store: Store) -> Store:
    """The test's store without pauses, with a catalogue of three objects."""
    publish_rows(store, "cat", id=[1, 2, 3], ra=[10.5, 359.99999, -20.0], dec=[1.25, -2.0, 80.0])
    return Store(store.path, replace(store.settings, fetch_retry_s=0.0, cutouts_per_s=1e6, fetch_attempts=2))


@pytest.fixture
def cut(fast: Store, served: ImageServer) -> Cut:
    """Adds cutouts from the test's server."""

    def run(*, limit: int | None = None, **options: Any) -> AddReport:
        chosen: dict[str, Any] = {"table": "cat", "service": "sdss", "base_url": served.url} | options
        return add_cutouts(fast, CutoutOptions(**chosen), AddOptions(collection="gals", limit=limit))

    return run


@pytest.mark.parametrize("service", ["sdss", "legacy"])
def test_every_object_is_asked_for_once(cut: Cut, served: ImageServer, fast: Store, rows: Ask, service: str) -> None:
    served.put(PATHS[service], jpeg(1, 64, 64))
    report = cut(service=service, size_pixels=64, scale_arcsec=0.5)
    assert (report.added, dict(report.rejected)) == (3, {})
    asked = [(urlsplit(url).path, parse_qs(urlsplit(url).query)) for url in served.asked]
    assert {path for path, _ in asked} == {PATHS[service]}
    assert {(float(query["ra"][0]), float(query["dec"][0])) for _, query in asked} == {
        (10.5, 1.25), (359.99999, -2.0), (340.0, 80.0),
    }  # fmt: skip
    scale, size = ("scale", "width") if service == "sdss" else ("pixscale", "size")
    assert {(query[scale][0], query[size][0]) for _, query in asked} == {("0.5", "64")}
    found = rows("SELECT id, ra, dec, pixel_scale, width, source FROM gals ORDER BY id")
    assert [row[:5] for row in found] == [
        ("1", 10.5, 1.25, 0.5, 64), ("2", 359.99999, -2.0, 0.5, 64), ("3", 340.0, 80.0, 0.5, 64),
    ]  # fmt: skip
    assert found[0][5] == f"raw/{service}/010/10.5000000_+1.2500000_0.5_64.jpg"
    with Pixels(fast) as pixels:
        assert all((pixels.picture(row[5]) == decode(jpeg(1, 64, 64))).all() for row in found)
    again = cut(service=service, size_pixels=64, scale_arcsec=0.5)
    assert (again.unchanged, set(served.asked.values())) == (3, {1})


def test_what_went_wrong_is_asked_for_again_next_time(cut: Cut, served: ImageServer, fast: Store, rows: Ask) -> None:
    broken = [
        (429, {"Retry-After": "0"}, b""),
        (200, {}, jpeg(1)),
        (200, {}, b"<html>Internal Server Error</html>"),
        (200, {}, jpeg(1)[:400]),
    ]
    served.answers[PATHS["sdss"]] = [*broken, (404, {}, b"")]
    report = cut(limit=1)
    assert (report.added, dict(report.rejected)) == (1, {})
    assert cut(where="id = 2 -- a remark").rejected == {"no image of a kind skyband takes": 1}
    assert cut(where="id = 2").rejected == {"truncated": 1}
    assert cut(where="id > 1").rejected == {"not fetched": 2}
    assert [path.name for path in (fast.path / "raw" / "sdss").rglob("*") if path.is_file()] == [
        "10.5000000_+1.2500000_0.396127_256.jpg"
    ]
    served.put(PATHS["sdss"], jpeg(2))
    report = cut()
    assert (report.added, report.unchanged, dict(report.rejected)) == (2, 1, {})
    assert not fast.rejected_file("gals").exists()


def test_places_the_survey_has_not_seen_are_no_images(cut: Cut, served: ImageServer) -> None:
    served.put(PATHS["legacy"], saved(np.zeros((64, 64, 3), np.uint8), "JPEG"))
    with pytest.raises(BadTable, match=r"3 nothing in it.*the service has no image there"):
        cut(service="legacy")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"service": "hubble"}, BadOption, "take one of sdss, legacy"),
        ({"size_pixels": 5000}, BadOption, "--size-px 5000: sdss gives 64 to 2048"),
        ({"size_pixels": 63}, BadOption, "--size-px 63"),
        ({"size_pixels": 513, "service": "legacy"}, BadOption, "legacy gives 1 to 512"),
        ({"scale_arcsec": 0.0}, BadOption, "--scale-arcsec"),
        ({"scale_arcsec": -1.0}, BadOption, "--scale-arcsec"),
        ({"base_url": "file:///etc"}, BadOption, "--base-url"),
        ({"table": "nosuch"}, TableNotFound, "nosuch"),
        ({"where": "nosuch > 1"}, QueryError, "nosuch"),
        ({"where": "id > 100"}, BadTable, "names no image"),
    ],
)
def test_wrong_input_is_said(cut: Cut, options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cut(**options)


def test_services_are_asked_politely_and_at_their_own_addresses() -> None:
    known = services()
    assert known["sdss"].url(1.0, -2.0, 0.396, 256) == (
        "https://skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg"
        "?ra=1.0000000&dec=-2.0000000&scale=0.396&width=256&height=256"
    )
    assert known["legacy"].url(1.0, -2.0, 0.262, 256) == (
        "https://www.legacysurvey.org/viewer/cutout.jpg?ra=1.0000000&dec=-2.0000000&layer=ls-dr10&pixscale=0.262&size=256"
    )
