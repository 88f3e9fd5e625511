from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table

from skyband.queries.formats import Info, encode
from skyband.queries.formats.fits_header import fits_unit
from skyband.queries.stream import ResultStream
from skyband.schema.errors import BadTable, StorageError

Encoded = Callable[..., io.BytesIO]
MakeStream = Callable[..., ResultStream]
INTEGERS = ("source_id", "i8", "u8", "i16", "u16", "i32", "u32")


def raw_columns(file: io.BytesIO) -> dict[str, list[Any]]:
    """Columns as FITS holds them, no NULL interpreted, booleans as their bytes."""
    with fits.open(file, character_as_bytes=True, logical_as_bytes=True) as hdus:
        hdus.verify("exception")
        data = hdus[1].data
        return {name: [value.tolist() if isinstance(value, np.ndarray) else value for value in data[name].tolist()]
                if data[name].dtype == object else data[name].tolist() for name in data.names}  # fmt: skip


def test_every_value(sky: pa.Table, metadata: dict[str, Any], encoded: Encoded, marked: Callable[[Any], Any]) -> None:
    file = encoded(sky, "fits", metadata)
    header = fits.getheader(io.BytesIO(file.getvalue()), 1)
    nulls = {item.name: header.get(f"TNULL{i}") for i, item in enumerate(sky.schema, 1)}
    columns = raw_columns(file)
    wanted = {name: column.to_pylist() for name, column in zip(sky.column_names, sky.columns, strict=True)}
    for name in INTEGERS:
        assert nulls[name] not in wanted[name]
        wanted[name] = [nulls[name] if n is None else n for n in wanted[name]]
    wanted["u64"] = [None if n is None else str(n) for n in wanted["u64"]]
    for name in ("ra", "dec", "flux"):
        wanted[name] = [math.nan if n is None else n for n in wanted[name]]
    wanted["variable"] = [{True: b"T", False: b"F", None: b""}[b] for b in wanted["variable"]]
    wanted["observed"] = ["2016-01-01T00:00:00.500000", None, *["1999-12-31T00:00:00"] * 8]
    wanted["night"] = ["2016-01-01", None, *["1999-12-31"] * 8]
    wanted["bands"] = ['[{"band":"g","mag":14.2}]', None, "[]", *[r'[{"band":"q\"","mag":null}]'] * 7]
    wanted["name"][5] = r"tab\x09here"
    wanted["note"][2] = r"a\x09b\x0d\x0ac\x0a"
    wanted["note"][4] = r"\u0160alt\u0117 \u03b1 Cen \U0001f52d"
    wanted["note"][8] = r"\x7f"
    for name in ("u64", "name", "note", "class", "observed", "night", "bands", "nothing"):
        wanted[name] = [(text or "").rstrip().encode() for text in wanted[name]]  # astropy drops spaces at the end
    wanted["sersic"][1] = [math.nan] * 3
    wanted["jacobian"][1] = [[math.nan] * 2] * 3
    wanted["flags"][:2] = [[1, nulls["flags"]], [nulls["flags"]] * 2]
    wanted["outline"][1] = []
    wanted["stamp"] = [list(b or b"") for b in wanted["stamp"]]
    columns["note"] = [text.rstrip() for text in columns["note"]]
    assert marked(columns) == marked(wanted)


def test_types_and_keywords(sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    result = {"name": "match", "description": "all\nof it", "query": "SELECT 'α'", "epoch": 2015.5}
    header = fits.getheader(encoded(sky, "fits", metadata, **result), 1)
    number = {name: i for i, name in enumerate(sky.column_names, 1)}
    assert {name: header[f"TFORM{i}"] for name, i in number.items()} == {
        "ra": "1D", "dec": "1D", "flux": "1E", "source_id": "1K", "i8": "1I", "u8": "1I", "i16": "1J", "u16": "1J",
        "i32": "1K", "u32": "1K", "u64": "20A", "variable": "1L", "name": "40A", "note": "37A", "class": "6A",
        "observed": "26A", "night": "10A", "sersic": "3E", "jacobian": "6D", "flags": "2J", "outline": "1QD(3)",
        "stamp": "1QB(3)", "bands": "27A", "nothing": "1A",
    }  # fmt: skip
    assert header[f"TDIM{number['jacobian']}"] == "(2,3)"
    assert (header["EXTNAME"], header["RADESYS"], header["JEPOCH"]) == ("match", "ICRS", 2015.5)
    ra, dec, flux = number["ra"], number["dec"], number["flux"]
    assert (header[f"TUNIT{ra}"], header[f"TUNIT{flux}"]) == ("deg", "mas yr-1")
    assert (header[f"TUCD{ra}"], header[f"TUTYP{dec}"]) == ("pos.eq.ra;meta.main", "stc:AstroCoords.Position")
    assert header[f"TCOMM{ra}"] == "Right ascension, <ICRS> & epoch"
    assert header[f"TCOMM{flux}"] == "d" * 100 + r"\xe9" + "e" * 80
    comments = "".join(header["COMMENT"])
    assert comments.startswith(r"all of itQUERY: SELECT '\u03b1'")
    assert "Column name: 1 texts hold characters" in comments
    assert "Column note: 3 texts hold characters" in comments


def test_astropy_reads_null_and_units(sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Column 'variable' contains NULL")
        table = Table.read(encoded(sky, "fits", metadata), format="fits")
    for name in INTEGERS:
        assert [None if v is np.ma.masked else int(v) for v in table[name]] == sky[name].to_pylist()
    assert str(table["flux"].unit) == "mas / yr"


def test_narrow_integers_stay_narrow_where_a_number_is_free(encoded: Encoded) -> None:
    table = pa.table(
        {
            "small": pa.array([1, None], pa.uint8()),
            "full": pa.array([0, 255], pa.uint8()),
            "shorts": pa.array([-32768, None], pa.int16()),
            "id": pa.array([2**63 - 1, None], pa.uint64()),
        }
    )
    header = fits.getheader(encoded(table, "fits"), 1)
    assert {key: header[key] for key in header if key.startswith(("TFORM", "TNULL", "TZERO"))} == {
        "TFORM1": "1B", "TNULL1": 255, "TFORM2": "1B", "TFORM3": "1I", "TNULL3": 32767, "TFORM4": "1K",
        "TNULL4": -(2**63),
    }  # fmt: skip


def test_null_where_both_ends_are_taken(encoded: Encoded) -> None:
    low, high = -(2**63), 2**63 - 1
    values = [low, high, None, *range(low + 1, low + 70_000)]
    table = Table.read(encoded(pa.table({"n": pa.array(values)}), "fits", batch_rows=20_000), format="fits")
    assert [None if v is np.ma.masked else int(v) for v in table["n"]] == values


def test_table_without_rows(sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    file = encoded(sky.schema.empty_table(), "fits", metadata)
    assert len(file.getvalue()) % 2880 == 0
    table = Table.read(file, format="fits")
    assert (len(table), table.colnames) == (0, sky.column_names)


def test_size_is_whole_blocks(encoded: Encoded) -> None:
    for rows in (1, 359, 360, 361):
        assert len(encoded(pa.table({"x": [1.0] * rows}), "fits").getvalue()) == 2880 * (3 if rows <= 360 else 4)


def test_one_long_text_does_not_widen_every_row(encoded: Encoded) -> None:
    texts = ["short"] * 99 + ["long" * 500]
    file = encoded(pa.table({"text": texts, "n": range(100)}), "fits", batch_rows=30)
    assert len(file.getvalue()) < 12_000
    columns = raw_columns(file)
    assert ["".join(text) for text in columns["text"]] == texts
    assert columns["n"] == list(range(100))


def test_heap_spans_batches_and_columns(encoded: Encoded, marked: Callable[[Any], Any]) -> None:
    lists = [[float(i)] * (i % 4) for i in range(50)]
    blobs = [bytes(range(i % 7)) for i in range(50)]
    file = encoded(pa.table({"a": lists, "b": pa.array(blobs), "n": range(50)}), "fits", batch_rows=7)
    assert raw_columns(file) == {"a": lists, "b": [list(b) for b in blobs], "n": list(range(50))}


def test_unsigned_64_bit_integers(encoded: Encoded) -> None:
    values = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
    table = Table.read(encoded(pa.table({"n": pa.array(values, pa.uint64())}), "fits"), format="fits")
    assert [int(n) for n in table["n"]] == values


def test_long_names_are_cut_to_one_card(encoded: Encoded) -> None:
    names = ["a" * 68, "b" * 69, "b" * 70, "it's " * 13, "it's " * 14]
    file = encoded(pa.table({name: [i] for i, name in enumerate(names)}), "fits")
    comments = "".join(fits.getheader(io.BytesIO(file.getvalue()), 1)["COMMENT"])
    table = Table.read(file, format="fits")
    assert table.colnames == [
        "a" * 68,
        "b" * 66 + "~2",
        "b" * 66 + "~3",
        ("it s " * 13)[:65].strip() + "~4",
        "it s " * 13 + "i~5",
    ]
    assert all(f"is {name.strip()}" in comments for name in names[1:])


def test_hostile_texts_in_the_header(encoded: Encoded) -> None:
    metadata = {"it's\n\x07": {"description": "tab\tbell\x07 'quoted', a / b" * 5, "unit": "ä", "ucd": "\x00"}}
    header = fits.getheader(encoded(pa.table({"it's\n\x07": [1]}), "fits", metadata, query="SELECT\n\x1b'"), 1)
    assert (header["TTYPE1"], header["TUNIT1"], header["TUCD1"]) == (r"it's \x07", r"\xe4", r"\x00")
    assert header["TCOMM1"] == r"tab bell\x07 'quoted', a / b" * 5
    assert header["COMMENT"][0] == r"QUERY: SELECT \x1b'"


def test_infos_become_comments(make_stream: MakeStream) -> None:
    chunks = encode(make_stream(pa.table({"a": [1]})), "fits", trailer=lambda: [Info("QUERY_STATUS", "OVERFLOW")])
    assert "QUERY_STATUS: OVERFLOW" in str(fits.getheader(io.BytesIO(b"".join(chunks)), 1)["COMMENT"])


def test_too_many_columns(encoded: Encoded) -> None:
    with pytest.raises(BadTable, match=r"1000 columns.*999"):
        encoded(pa.table({f"c{i}": [1] for i in range(1000)}), "fits")


def test_spool_that_cannot_be_made(make_stream: MakeStream, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="temporary file"):
        list(encode(make_stream(pa.table({"a": [1]})), "fits", spool_folder=tmp_path / "absent"))


@pytest.mark.parametrize(
    ("vounit", "wanted"),
    [
        ("", ""),
        ("mas.yr**-1", "mas yr-1"),
        ("erg.s**-1.cm**-2", "erg s-1 cm-2"),
        ("Angstrom", "Angstrom"),
        ("10**-7.W", "10**-7 W"),
        ("mag(AB)", "mag(AB)"),
        ("dex", "dex"),
        ("count", "count"),
    ],
)
def test_unit_spelling(vounit: str, wanted: str) -> None:
    assert fits_unit(vounit) == wanted
