"""ECSV as astropy and STILTS write it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable, Table
from astropy.time import Time

from skyband.ingest.readers import open_source
from skyband.schema.errors import BadFile

Read = Callable[..., Any]
Equal = Callable[..., None]


@pytest.mark.parametrize("delimiter", [" ", ","])
@pytest.mark.parametrize("suffix", [".ecsv", ".ecsv.gz"])
def test_what_astropy_writes(
    tmp_path: Path, catalogue: Table, read: Read, assert_equal: Equal, suffix: str, delimiter: str
) -> None:
    path = tmp_path / "table.ecsv"
    catalogue.write(path, delimiter=delimiter)
    if suffix.endswith(".gz"):
        (tmp_path / "table.ecsv.gz").write_bytes(gzip.compress(path.read_bytes()))
    reading = read(tmp_path / f"table{suffix}")
    assert_equal(reading, catalogue)
    assert reading.types == {
        "id": "BIGINT",
        "RA": "DOUBLE",
        "dec": "DOUBLE",
        "mag": "FLOAT",
        "short": "SMALLINT",
        "int": "INTEGER",
        "byte": "UTINYINT",
        "flag": "BOOLEAN",
        "name": "VARCHAR",
        "pair": "DOUBLE[2]",
        "five": "FLOAT[5]",
    }
    first, ra, dec = reading.source.columns[:3]
    assert (first.ucd, first.description) == ("meta.id;meta.main", "identifier")
    assert (ra.unit, ra.ucd, dec.description) == ("deg", "pos.eq.ra;meta.main", "declination")


def test_sky_coordinates_become_ra_and_dec(tmp_path: Path, read: Read) -> None:
    table = QTable(
        {
            "name": ["a", "b"],
            "where": SkyCoord([10.0, 20.0], [1.0, -2.0], unit="deg", frame="fk5", equinox="J1975", obstime="J1999.5"),
            "pm": [1.0, 2.0] * u.mas / u.yr,
        },
        meta={"comments": ["two", "lines"], "licence": "CC0"},
    )
    table.write(tmp_path / "sky.ecsv")
    reading = read(tmp_path / "sky.ecsv")
    source = reading.source
    assert [(column.name, column.unit, column.ucd) for column in source.columns[:4]] == [
        ("name", "", ""),
        ("ra", "deg", "pos.eq.ra;meta.main"),
        ("dec", "deg", "pos.eq.dec;meta.main"),
        ("pm", "mas.yr**-1", ""),
    ]
    assert reading.rows == [("a", 10.0, 1.0, 1.0), ("b", 20.0, -2.0, 2.0)]
    assert (source.frame, source.equinox, source.epoch) == ("FK5", "J1975", 1999.5)
    assert (source.description, source.licence) == ("two lines", "CC0")


def test_galactic_coordinates_beside_a_column_of_the_same_name(tmp_path: Path, read: Read) -> None:
    table = QTable({"l": [7.0], "at": SkyCoord([10.0], [1.0], unit="deg", frame="galactic"), "t": Time(["2020-01-01"])})
    table.write(tmp_path / "sky.ecsv")
    reading = read(tmp_path / "sky.ecsv")
    assert list(reading.types.items()) == [("l", "DOUBLE"), ("at.l", "DOUBLE"), ("b", "DOUBLE"), ("t", "VARCHAR")]
    assert reading.rows == [(7.0, 10.0, 1.0, "2020-01-01 00:00:00.000")]
    assert (reading.source.frame, reading.source.columns[1].ucd) == ("GALACTIC", "pos.galactic.lon;meta.main")


def test_arrays_and_objects(tmp_path: Path, read: Read) -> None:
    table = Table({"cube": np.arange(12, dtype="i4").reshape(2, 2, 3), "flags": [[True, False], [False, True]]})
    table["ragged"] = np.array([[1.5, 2.5], [3.5, 4.5]], dtype=object)
    ragged = np.empty(2, object)
    ragged[:] = [np.array([1.5]), np.array([2.5, np.nan])]
    table["ragged"] = ragged
    table["thing"] = np.array([{"a": 1}, None], dtype=object)
    table.write(tmp_path / "arrays.ecsv")
    reading = read(tmp_path / "arrays.ecsv")
    assert list(reading.types.values()) == ["INTEGER[3][2]", "BOOLEAN[2]", "DOUBLE[]", "VARCHAR"]
    assert reading["cube"] == [((0, 1, 2), (3, 4, 5)), ((6, 7, 8), (9, 10, 11))]
    assert reading["flags"] == [(True, False), (False, True)]
    assert reading["ragged"][0] == [1.5] and np.isnan(reading["ragged"][1][1])
    assert reading["thing"] == ['{"a":1}', "null"]


def test_values_that_break_the_declared_type_reject_the_row(tmp_path: Path, read: Read) -> None:
    table = Table({"n": np.array([1, 2, 3], "i2"), "x": [0.5, 1.5, 2.5], "v": np.arange(6.0).reshape(3, 2)})
    path = tmp_path / "bad.ecsv"
    table.write(path)
    lines = path.read_text().splitlines()
    start = len(lines) - 3
    lines[start:] = ["1.25 0.5 [0.0,1.0]", "40000 1.5 [2.0,3.0]", "3 abc [4.0,5.0]", "4 3.5 [6.0]", "5 4.5 [7.0,8.0]"]
    path.write_text("\n".join(lines))
    reading = read(path)
    assert reading.rows == [(5, 4.5, (7.0, 8.0))]
    assert [(line - start, column) for line, column, *_ in reading.rejects] == [(1, "n"), (2, "n"), (3, "x"), (4, "v")]


@pytest.mark.parametrize("delimiter", [" ", ","])
@pytest.mark.parametrize("suffix", [".ecsv", ".ecsv.gz"])
@pytest.mark.parametrize("description", ['angle "PA", deg', "Ångström", '"', 'it is 5" wide', "# no comment"])
def test_quotes_in_the_header(
    tmp_path: Path, read: Read, assert_equal: Equal, description: str, suffix: str, delimiter: str
) -> None:
    table = Table(
        {"id": np.arange(1000), "name": [f"n {n}" for n in range(1000)]}, meta={"note": f"{description}\n by"}
    )
    table["id"].description = description
    path = tmp_path / "quotes.ecsv"
    table.write(path, delimiter=delimiter)
    if suffix == ".ecsv.gz":
        path = tmp_path / "quotes.ecsv.gz"
        path.write_bytes(gzip.compress((tmp_path / "quotes.ecsv").read_bytes()))
    reading = read(path)
    assert_equal(reading, table)
    assert reading.rejects == []


def test_a_quoted_text_of_two_lines_in_the_header(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "two.ecsv"
    Table({"id": np.arange(1000)}, meta={"note": "XX"}).write(path)
    path.write_text(path.read_text().replace("note: XX", 'note: "made by\n#     somebody"'))
    reading = read(path)
    assert reading.rows == [(n,) for n in range(1000)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# ---\n", "# --\n", "its YAML header cannot be read"),
        ("datatype: float64", "datatype: [", "its YAML header cannot be read"),
        ("\nn x\n", "\nn y\n", "are not those of its header"),
        ("# ---\n", "# ---\n# delimiter: ';'\n", "delimited by blanks or commas"),
    ],
)
def test_bad_headers(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "bad.ecsv"
    Table({"n": [1], "x": [0.5]}).write(path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(BadFile, match=message):
        open_source([path])


def test_truncation(tmp_path: Path, read: Read) -> None:
    whole = tmp_path / "whole.ecsv"
    Table({"n": [1, 2], "x": [0.5, 1.5]}).write(whole)
    data = whole.read_bytes()
    rows_begin = data.index(b"\nn x\n") + 5
    path = tmp_path / "cut.ecsv"
    for kept in range(0, rows_begin - 2, 7):
        path.write_bytes(data[:kept])
        with pytest.raises(BadFile):
            open_source([path])
    packed = gzip.compress(data)
    path = tmp_path / "cut.ecsv.gz"
    for kept in range(1, len(packed), 11):
        path.write_bytes(packed[:kept])
        with pytest.raises(BadFile):
            open_source([path])
