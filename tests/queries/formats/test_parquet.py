from __future__ import annotations

import decimal
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import votable
from astropy.table import Table

from skyband.queries.formats import Info, encode
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column

Encoded = Callable[..., io.BytesIO]
CONTENT = b"IVOA.VOTable-Parquet.content"


def test_arrow_reads_equal(sky: pa.Table, encoded: Encoded, marked: Callable[[Any], Any]) -> None:
    read = pq.read_table(encoded(sky, "parquet"))
    assert marked(read.to_pydict()) == marked(sky.to_pydict())
    types = {item.name: item.type for item in sky.schema} | {"class": pa.string()}
    assert {item.name: str(item.type).replace("element", "item") for item in read.schema} == {
        name: str(kind).replace("element", "item") for name, kind in types.items()
    }


def test_duckdb_reads_equal(sky: pa.Table, encoded: Encoded, tmp_path: Path, marked: Callable[[Any], Any]) -> None:
    path = tmp_path / "sky.parquet"
    path.write_bytes(encoded(sky, "parquet").getvalue())
    with duckdb.connect() as con:
        read = con.read_parquet(str(path)).to_arrow_table()
    assert marked(read.to_pydict()) == marked(sky.to_pydict())


def test_astropy_reads_values_and_metadata(encoded: Encoded, metadata: dict[str, Any]) -> None:
    table = pa.table(
        {
            "ra": [1.5, None, 3.5],
            "flux": pa.array([1.5, 2.5, 3.5], pa.float32()),
            "source_id": [2**60, 1, -1],
            "name": ["3C 273", "", "Mrk"],
            "note": ["α Cen", None, "b"],
            "blank": ["", "", ""],
            "flag": [True, None, False],
            "u64": pa.array([1, 2, 3], pa.uint64()),
            "price": pa.array([decimal.Decimal("1.5")] * 3),
            "sersic": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2)),
            "outline": [[1.0], [], [1.0, 2.0, 3.0]],
        }
    )
    read = Table.read(encoded(table, "parquet", metadata), format="parquet.votable")
    assert (read["ra"].unit, read["ra"].description) == ("deg", "Right ascension, <ICRS> & epoch")
    assert read["ra"].meta["ucd"] == "pos.eq.ra;meta.main"
    assert str(read["flux"].unit) == "mas / yr"
    values = {name: [v.tolist() if hasattr(v, "tolist") else v for v in read[name]] for name in read.colnames}
    assert values.pop("ra")[::2] == [1.5, 3.5]
    assert values == {**table.drop(["ra"]).to_pydict(), "note": ["α Cen", "None", "b"]}


def test_astropy_reads_a_table_without_rows(encoded: Encoded) -> None:
    table = pa.table({"name": pa.array([], pa.string()), "x": pa.array([], pa.float64())})
    read = Table.read(encoded(table, "parquet"), format="parquet.votable")
    assert (len(read), read.colnames) == (0, ["name", "x"])


def test_embedded_votable(sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    file = pq.ParquetFile(encoded(sky, "parquet", metadata, query="SELECT 1", epoch=2016.0))
    assert file.metadata.metadata[b"IVOA.VOTable-Parquet.version"] == b"1.0"
    document = votable.parse(io.BytesIO(file.metadata.metadata[CONTENT]), verify="exception")
    fields = document.get_first_table().fields
    assert [field.name for field in fields] == sky.column_names
    assert (fields[0].ucd, str(fields[0].unit)) == ("pos.eq.ra;meta.main", "deg")
    assert file.schema_arrow.field("ra").metadata == {
        b"unit": b"deg",
        b"ucd": b"pos.eq.ra;meta.main",
        b"description": b"Right ascension, <ICRS> & epoch",
    }


def test_overflow_is_in_the_votable(make_stream: Callable[..., ResultStream]) -> None:
    chunks = encode(make_stream(pa.table({"a": [1]})), "parquet", trailer=lambda: [Info("QUERY_STATUS", "OVERFLOW")])
    content = pq.ParquetFile(io.BytesIO(b"".join(chunks))).metadata.metadata[CONTENT]
    values = [element.get("value") for element in ET.fromstring(content).iter() if element.tag.endswith("INFO")]
    assert values == ["OK", "OVERFLOW"]


def test_batches_gather_into_row_groups(make_stream: Callable[..., ResultStream]) -> None:
    table = pa.table({"n": range(200_000)})
    file = pq.ParquetFile(io.BytesIO(b"".join(encode(make_stream(table, batch_rows=1000), "parquet"))))
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [123_000, 77_000]
    assert file.read() == table


@pytest.mark.parametrize("format", ["parquet", "arrow", "arrow-file"])
def test_types_only_duckdb_has(format: str) -> None:
    with duckdb.connect() as con:
        relation = con.sql(
            "SELECT sum(i) AS total, INTERVAL 90 MINUTE AS exposure, '101'::BIT AS bits FROM range(5) t(i)"
        )
        table = relation.to_arrow_table()
        columns = tuple(Column(n, str(t)) for n, t in zip(relation.columns, relation.types, strict=True))
    data = b"".join(encode(ResultStream(columns, table.schema, iter(table.to_batches())), format))
    read = {"parquet": pq.read_table, "arrow": lambda f: pa.ipc.open_stream(f).read_all(),
            "arrow-file": lambda f: pa.ipc.open_file(f).read_all()}[format](io.BytesIO(data))  # fmt: skip
    assert read.to_pylist() == [{"total": 10.0, "exposure": "P0M0DT5400.0S", "bits": "101"}]
