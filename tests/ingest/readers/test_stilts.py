"""The same table through every writer of STILTS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

Read = Callable[..., Any]
Equal = Callable[..., None]
Stilts = Callable[[Path, Path, str], Path]

NAMES = {
    "votable-tabledata": "table.vot",
    "votable-binary": "table.vot",
    "votable-binary2": "table.vot",
    "votable-fits-inline": "table.vot",
    "fits-plus": "table.fits",
    "fits-basic": "table.fits",
    "fits-var": "table.fits",
    "ecsv": "table.ecsv",
}


@pytest.fixture
def original(tmp_path: Path, catalogue: Table) -> Path:
    path = tmp_path / "original.vot"
    catalogue["mag"][1:3] = 2.5  # STILTS cannot read the infinities astropy writes,
    catalogue["byte"][3] = 200  # and takes 255 for its NULL
    catalogue.write(path, format="votable")
    return path


@pytest.mark.parametrize("format", NAMES)
def test_typed_formats(
    original: Path, catalogue: Table, stilts: Stilts, read: Read, assert_equal: Equal, format: str
) -> None:
    reading = read(stilts(original, original.with_name(NAMES[format]), format))
    assert_equal(reading, catalogue)
    assert reading.types == read(original).types
    first, ra = reading.source.columns[:2]
    assert (first.ucd, ra.ucd, ra.unit) == ("meta.id;meta.main", "pos.eq.ra;meta.main", "deg")


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_csv(original: Path, catalogue: Table, stilts: Stilts, read: Read, assert_equal: Equal, name: str) -> None:
    scalars = [name for name in catalogue.colnames if name not in {"mag", "pair", "five"}]
    reading = read(stilts(original, original.with_name(name), "csv"))
    for column in scalars[:1] + scalars[3:]:
        assert [value or None for value in reading[column]] == [value or None for value in catalogue[column].tolist()]
    assert reading["RA"][:3] == catalogue["RA"].tolist()[:3]  # STILTS writes NaN as nothing
    assert reading.rejects == []
