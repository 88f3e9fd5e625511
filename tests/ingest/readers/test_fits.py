"""FITS tables against astropy's own reading of them."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.ingest.readers import open_source
from skyband.ingest.readers.arrays import ragged_texts, texts
from skyband.ingest.readers.source import BatchScan
from skyband.schema.errors import BadFile

Read = Callable[..., Any]
Equal = Callable[..., None]


def astropy_table(path: Path, hdu: int | str = 1) -> Table:
    """The reading of astropy, NaN and blanks left as they are."""
    table = Table.read(path, hdu=hdu, mask_invalid=False, unit_parse_strict="silent")
    table.convert_bytestring_to_unicode()
    return table


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::astropy.units.UnitsWarning")
@pytest.mark.parametrize(
    "name",
    [
        "xmatch_cosmos_xray/cosmos_xmm.fits",
        "xmatch_cosmos_xray/cosmos_chandra.fits",
        "xmatch_cosmos_xray/cosmos_multiband_phot.fits",
        "legacysurvey_sweeps/sweep-310m005-320p000.fits",
        "moc/CDS-I-125A-catalog_MOC.fits",
    ],
)
def test_real_files(real_data: Path, read: Read, assert_equal: Equal, name: str) -> None:
    reading = read(real_data / name)
    assert_equal(reading, astropy_table(real_data / name))
    assert reading.source.rows == len(reading.rows)


@pytest.mark.real
def test_units_of_the_nineties(real_data: Path) -> None:
    columns = open_source([real_data / "xmatch_cosmos_xray" / "cosmos_chandra.fits"]).columns
    units = {column.name: column.unit for column in columns}
    assert {name: units[name] for name in ("RA", "COUNT_RATE", "FLUX")} == {
        "RA": "deg",
        "COUNT_RATE": "count.s**-1",
        "FLUX": "erg.s**-1.cm**-2",
    }


@pytest.mark.real
def test_a_folder_of_sweeps_is_one_table(real_data: Path, read: Read) -> None:
    folder = real_data / "legacysurvey_sweeps"
    reading = read(folder)
    parts = [astropy_table(path) for path in sorted(folder.glob("*.fits"))]
    assert reading["RA"] == [ra for part in parts for ra in part["RA"].tolist()]
    assert (reading.source.path, reading.source.rows) == (folder, 18)


@pytest.mark.parametrize("suffix", [".fits", ".fits.gz"])
def test_what_astropy_writes(tmp_path: Path, catalogue: Table, read: Read, assert_equal: Equal, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    catalogue["flag"].mask = False  # astropy cannot write a masked logical
    catalogue.write(path)
    reading = read(path)
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


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Every kind of column a binary table can have."""
    ragged = np.empty(3, object)
    ragged[:] = [np.array([1.5, 2.5]), np.array([]), np.array([3.5])]
    words = np.empty(3, object)
    words[:] = ["one", "", "three words here"]
    columns = [
        fits.Column("u2", "I", bzero=32768, array=np.array([0, 40000, 65535], "u2")),
        fits.Column("u4", "J", bzero=2**31, array=np.array([0, 3_000_000_000, 2**32 - 1], "u4")),
        fits.Column("u8", "K", bzero=2**63, array=np.array([0, 2**63 + 5, 2**64 - 1], "u8")),
        fits.Column("i1", "B", bzero=-128, array=np.array([-128, 0, 127], "i1")),
        fits.Column("scaled", "I", array=np.array([0, 1, 20])),
        fits.Column("bits", "11X", array=np.arange(33).reshape(3, 11) % 3 == 0),
        fits.Column("flags", "2L", array=np.array([[True, False], [False, False], [True, True]])),
        fits.Column("complex", "C", array=np.array([1 + 2j, 3, 4j], "c8")),
        fits.Column("cube", "6J", dim="(3,2)", array=np.arange(18).reshape(3, 2, 3)),
        fits.Column(
            "words", "12A", dim="(4,3)", array=np.array([["ab", "", "c"], ["d", "e", "f"], ["", "", ""]], "U4")
        ),
        fits.Column("ragged", "PD()", array=ragged),
        fits.Column("far", "QJ()", array=ragged),
        fits.Column("text", "PA()", array=words),
    ]
    path = tmp_path / "odd.fits"
    fits.BinTableHDU.from_columns(columns).writeto(path)
    fits.setval(path, "TSCAL5", value=0.5, ext=1)
    fits.setval(path, "TZERO5", value=10, ext=1)
    return path


def test_every_kind_of_column(odd: Path, read: Read, tmp_path: Path) -> None:
    bits = [tuple(bool(bit) for bit in row) for row in (np.arange(33).reshape(3, 11) % 3 == 0)]
    expected = {
        "u2": ("USMALLINT", [0, 40000, 65535]),
        "u4": ("UINTEGER", [0, 3_000_000_000, 2**32 - 1]),
        "u8": ("UBIGINT", [0, 2**63 + 5, 2**64 - 1]),
        "i1": ("TINYINT", [-128, 0, 127]),
        "scaled": ("DOUBLE", [10.0, 10.5, 20.0]),
        "bits": ("BOOLEAN[11]", bits),
        "flags": ("BOOLEAN[2]", [(True, False), (False, False), (True, True)]),
        "complex": ("FLOAT[2]", [(1.0, 2.0), (3.0, 0.0), (0.0, 4.0)]),
        "cube": ("INTEGER[6]", [tuple(range(start, start + 6)) for start in (0, 6, 12)]),
        "words": ("VARCHAR[3]", [("ab", None, "c"), ("d", "e", "f"), (None, None, None)]),
        "ragged": ("DOUBLE[]", [[1.5, 2.5], [], [3.5]]),
        "far": ("INTEGER[]", [[1, 2], [], [3]]),
        "text": ("VARCHAR", ["one", None, "three words here"]),
    }
    gzipped = tmp_path / "odd.fits.gz"
    gzipped.write_bytes(gzip.compress(odd.read_bytes()))
    for path in (odd, gzipped):
        reading = read(path)
        assert {name: (type, reading[name]) for name, type in reading.types.items()} == expected


def test_tnull_is_null_and_compared_before_scaling(tmp_path: Path, read: Read) -> None:
    hdu = fits.BinTableHDU.from_columns(
        [
            fits.Column("plain", "J", null=-99, array=np.array([1, -99])),
            fits.Column("scaled", "J", null=-99, array=np.array([1, -99])),
            fits.Column("unsigned", "I", null=-32768, bzero=32768, array=np.array([7, 0], "u2")),
        ]
    )
    hdu.writeto(tmp_path / "nulls.fits")
    fits.setval(tmp_path / "nulls.fits", "TSCAL2", value=2.0, ext=1)
    assert read(tmp_path / "nulls.fits").rows == [(1, 2.0, 7), (None, None, None)]


def test_a_null_logical_and_a_column_of_no_width(tmp_path: Path, read: Read) -> None:
    cards = {"XTENSION": "BINTABLE", "BITPIX": 8, "NAXIS": 2, "NAXIS1": 2, "NAXIS2": 3, "PCOUNT": 0, "GCOUNT": 1}
    cards |= {"TFIELDS": 3, "TFORM1": "L", "TTYPE1": "flag", "TFORM2": "0A", "TTYPE2": "nothing", "TFORM3": "B"}
    header = fits.PrimaryHDU().header.tostring() + fits.Header(cards).tostring()
    (tmp_path / "bare.fits").write_bytes(header.encode() + b"T\1F\2\0\3".ljust(2880, b"\0"))
    assert read(tmp_path / "bare.fits").rows == [(True, 1), (False, 2), (None, 3)]


def test_ascii_table(tmp_path: Path, read: Read) -> None:
    hdu = fits.TableHDU.from_columns(
        [
            fits.Column("name", "A6", array=["a", " b", ""]),
            fits.Column("n", "I5", null=-1, array=np.array([12, -1, -345])),
            fits.Column("x", "D23.15", array=np.array([1.5, -2.5e-100, 3e100])),
            fits.Column("y", "F8.3", array=np.array([1.5, -2.5, 0.0])),
        ]
    )
    hdu.writeto(tmp_path / "ascii.fits")
    assert read(tmp_path / "ascii.fits").rows == [
        ("a", 12, 1.5, 1.5),
        (" b", None, -2.5e-100, -2.5),
        (None, -345, 3e100, 0.0),
    ]


def test_metadata_of_the_cards(tmp_path: Path) -> None:
    hdu = fits.BinTableHDU.from_columns([fits.Column("RA", "D", unit="DEGREE"), fits.Column("id", "J")], nrows=1)
    cards = {
        "TUCD1": "pos.eq.ra;meta.main",
        "TUTYP1": "obs:ra",
        "TCOMM1": "right ascension",
        "RADESYS": "FK5",
        "EQUINOX": 1975.0,
        "ORIGIN": "an observatory",
    }
    hdu.header.update(cards)
    hdu.header.comments["TTYPE2"] = "running number"
    hdu.writeto(tmp_path / "cards.fits")
    source = open_source([tmp_path / "cards.fits"])
    ra, number = source.columns
    assert (ra.unit, ra.ucd, ra.utype, ra.description) == ("deg", "pos.eq.ra;meta.main", "obs:ra", "right ascension")
    assert (number.unit, number.ucd, number.description) == ("", "", "running number")
    assert (source.frame, source.equinox, source.epoch, source.source) == ("FK5", "J1975", None, "an observatory")


def test_names_that_differ_in_case_only(tmp_path: Path, read: Read) -> None:
    columns = [fits.Column(name, "J", array=[place]) for place, name in enumerate(["ID", "id", "id_1", "Id"])]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "names.fits")
    assert list(read(tmp_path / "names.fits").types) == ["ID", "id_2", "id_1", "Id_3"]


def test_selectors(tmp_path: Path, read: Read) -> None:
    units = [fits.PrimaryHDU(np.zeros((3, 3)))]
    for number, name in enumerate(["stars", "galaxies"], 1):
        units.append(fits.BinTableHDU.from_columns([fits.Column("n", "J", array=[number])], name=name))
    path = tmp_path / "several.fits"
    fits.HDUList(units).writeto(path)
    first = read(path)
    assert first.rows == [(1,)]
    assert first.source.notes == ("several.fits: took table 1 STARS, left 2 GALAXIES",)
    for selector in ("[2]", "#2", "[Galaxies]", "#GALAXIES"):
        assert read(Path(f"{path}{selector}")).rows == [(2,)]
    with pytest.raises(BadFile, match=r"no table '3'; its tables: 1 STARS, 2 GALAXIES"):
        open_source([Path(f"{path}[3]")])
    with pytest.raises(BadFile, match=r"no table '0'"):
        open_source([Path(f"{path}#0")])


def test_not_a_table(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "image.fits")
    with pytest.raises(BadFile, match=r"holds no table; its tables: none"):
        open_source([tmp_path / "image.fits"])
    hdu = fits.BinTableHDU.from_columns([fits.Column("n", "J", array=[1])])
    hdu.header["ZTABLE"] = True
    hdu.writeto(tmp_path / "tiled.fits")
    with pytest.raises(BadFile, match="funpack"):
        open_source([tmp_path / "tiled.fits"])


def test_many_blocks(tmp_path: Path, read: Read) -> None:
    numbers = np.arange(200_000)
    Table({"n": numbers, "text": numbers.astype("S7")}).write(tmp_path / "long.fits")
    reading = read(tmp_path / "long.fits")
    assert reading.rows == [(number, str(number)) for number in range(200_000)]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for rows in (200_000, 400_000):
        path = tmp_path / f"{rows}.fits"
        numbers = np.arange(rows, dtype="f8")
        Table({"a": numbers, "b": numbers, "text": np.full(rows, b"x" * 84)}).write(path)
        source = open_source([path])
        assert isinstance(source.scan, BatchScan)
        tracemalloc.start()
        assert sum(batch.num_rows for batch in source.scan.batches(source.scan.schema)) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def end_of_data(path: Path) -> int:
    with fits.open(path) as units:
        header = units[1].header
        return int(units[1].fileinfo()["datLoc"] + header["NAXIS1"] * header["NAXIS2"] + header["PCOUNT"])


def test_truncation_is_seen_before_a_row_is_read(tmp_path: Path, odd: Path, read: Read) -> None:
    data, end = odd.read_bytes(), end_of_data(odd)
    path = tmp_path / "cut.fits"
    for kept in (0, 1, 79, 2879, 2880, 2881, 5760, end - 400, end - 1):
        path.write_bytes(data[:kept])
        with pytest.raises(BadFile, match=r"is truncated|is empty|not a table|holds no table"):
            open_source([path])
    path.write_bytes(data[:end])
    assert read(path).rows == read(odd).rows


def test_a_gzip_that_stops_early_is_no_short_table(tmp_path: Path, odd: Path, read: Read) -> None:
    path = tmp_path / "cut.fits.gz"
    path.write_bytes(gzip.compress(odd.read_bytes())[:-20])
    with pytest.raises(BadFile, match="truncated"):
        read(path)


def test_an_array_outside_the_heap(tmp_path: Path, odd: Path, read: Read) -> None:
    with fits.open(odd) as units:
        header, start = units[1].header, units[1].fileinfo()["datLoc"]
        place = start + header["NAXIS1"] - 8  # the descriptor of the last column, "PA"
    data = bytearray(odd.read_bytes())
    data[place : place + 4] = (10**9).to_bytes(4, "big")
    path = tmp_path / "heap.fits"
    path.write_bytes(data)
    with pytest.raises(BadFile, match="outside the heap"):
        read(path)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="latin-1"), max_size=6) | st.text(max_size=6), min_size=1, max_size=8))
def test_text_of_any_bytes(values: list[str]) -> None:
    # Latin-1 and UTF-8 in one column, as old catalogues have it.
    coded = [
        value.encode("latin-1" if n % 2 and value.isascii() is False else "utf-8", "ignore")
        for n, value in enumerate(values)
    ]
    width = max(1, *map(len, coded))
    cells = np.frombuffer(b"".join(cell.ljust(width) for cell in coded), np.uint8).reshape(-1, width)

    def expected(cell: bytes) -> str | None:
        cell = cell.split(b"\0")[0].rstrip(b" ")
        try:
            return cell.decode("utf-8") or None
        except UnicodeDecodeError:
            return cell.decode("latin-1")

    assert texts(cells).to_pylist() == [expected(cell) for cell in coded]
    lengths = np.array([len(cell) for cell in coded])
    ragged = ragged_texts(np.frombuffer(b"".join(coded), np.uint8), lengths).to_pylist()
    assert [value for value in ragged if value] == [
        cell.decode("utf-8") if is_utf8(cell) else cell.decode("latin-1") for cell in coded if cell
    ]


def is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
