from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from skyband.queries.formats import FORMATS, encode, format_of_path
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable, QueryError

SUFFIXES = [(suffix, form.name) for form in FORMATS.values() for suffix in form.suffixes]


@pytest.mark.parametrize(("suffix", "name"), SUFFIXES)
def test_suffix_names_format(suffix: str, name: str) -> None:
    assert format_of_path(f"/some.where/stars{suffix.upper()}") == name


def test_suffixes_are_unique() -> None:
    assert len({suffix for suffix, _ in SUFFIXES}) == len(SUFFIXES)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".vot", ".fits"])
def test_gz_after_suffix(suffix: str) -> None:
    assert format_of_path(f"x{suffix}.gz") == format_of_path(f"x{suffix}")


@pytest.mark.parametrize("path", ["stars", "stars.dat", "stars.parquet.gz", "stars.gz", "csv", ""])
def test_unknown_suffix_lists_the_known(path: str) -> None:
    with pytest.raises(BadOption, match=r"\.vot\[\.gz\].*\.parquet") as caught:
        format_of_path(path)
    assert repr(path) in str(caught.value)


def test_unknown_format_is_refused_at_once(make_stream: Callable[..., ResultStream]) -> None:
    with pytest.raises(BadOption, match=r"'xls'.*votable"):
        encode(make_stream(pa.table({"a": [1]})), "xls")


@pytest.mark.parametrize("format", FORMATS)
def test_query_that_fails_at_once_writes_nothing(format: str) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        raise QueryError("no such column")
        yield

    schema = pa.schema([("a", pa.int64())])
    chunks = encode(ResultStream((Column("a", "BIGINT"),), schema, batches()), format)
    with pytest.raises(QueryError, match="no such column"):
        next(chunks)


@pytest.mark.parametrize("format", FORMATS)
def test_query_that_fails_later_raises_in_every_format(format: str) -> None:
    schema = pa.schema([("a", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1, 2])], schema=schema)
        raise QueryError("the disk went away")

    with pytest.raises(QueryError, match="went away"):
        list(encode(ResultStream((Column("a", "BIGINT"),), schema, batches()), format))


@pytest.mark.parametrize("format", FORMATS)
def test_type_no_file_holds_is_named(format: str) -> None:
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    batch = pa.record_batch([union], names=["choice"])
    stream = ResultStream((Column("choice", "UNION(k BIGINT)"),), batch.schema, iter([batch]))
    with pytest.raises(BadTable, match=r"UNION\(k BIGINT\).*VARCHAR"):
        list(encode(stream, format))


def test_import_loads_no_encoder() -> None:
    code = "import sys, skyband.queries.formats; print(*sorted(m for m in sys.modules if '.queries.formats.' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["skyband.queries.formats.files", "skyband.queries.formats.registry"]


def test_memory_is_flat(make_stream: Callable[..., ResultStream]) -> None:
    """No chunk is ever more than a few pieces large, however large the batch."""
    table = pa.table({"x": pa.array(range(1_000_000), pa.float64())})
    stream = make_stream(table, batch_rows=1_000_000)
    assert max(map(len, encode(stream, "votable-tabledata"))) < 32 << 20
