from __future__ import annotations

import gzip
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from astropy.table import Table

from skyband.queries.formats import FORMATS, encode, write_file
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile, BadOption, QueryError, StorageError

MakeStream = Callable[..., ResultStream]
TABLE = pa.table({"n": [1, 2, 3, 4], "name": ["a", "b", "c", "d"]})


@pytest.mark.parametrize("format", FORMATS)
def test_returns_rows_and_leaves_one_file(format: str, make_stream: MakeStream, tmp_path: Path) -> None:
    assert write_file(make_stream(TABLE), tmp_path / "out", format) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_suffix_chooses_and_old_file_is_replaced(make_stream: MakeStream, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")
    write_file(make_stream(TABLE), str(path))
    assert path.read_text() == "n,name\n1,a\n2,b\n3,c\n4,d\n"


def test_gz_is_compressed(make_stream: MakeStream, tmp_path: Path) -> None:
    write_file(make_stream(TABLE), tmp_path / "x.csv.gz")
    assert gzip.decompress((tmp_path / "x.csv.gz").read_bytes()) == b"n,name\n1,a\n2,b\n3,c\n4,d\n"
    write_file(make_stream(TABLE), tmp_path / "x.fits.gz")
    assert list(Table.read(tmp_path / "x.fits.gz")["n"]) == [1, 2, 3, 4]


@pytest.mark.parametrize("there", [True, False], ids=["file", "nothing yet"])
def test_file_a_link_points_to_is_replaced(there: bool, make_stream: MakeStream, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "files").mkdir()
    link, path = tmp_path / "links" / "x.csv", tmp_path / "files" / "y.txt"
    link.symlink_to(path)
    if there:
        path.write_text("old")
    assert write_file(make_stream(TABLE), link) == 4
    assert link.readlink() == path
    assert sorted(file.name for file in tmp_path.rglob("*") if not file.is_dir()) == ["x.csv", "y.txt"]
    assert path.read_text() == "n,name\n1,a\n2,b\n3,c\n4,d\n"


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "through a link"])
@pytest.mark.parametrize("format", FORMATS)
def test_pipe_gets_the_bytes_and_stays(format: str, linked: bool, make_stream: MakeStream, tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write_file(make_stream(TABLE), link if linked else pipe, format) == 4
        # It all has room in the pipe.
        assert os.read(reader, 65_536) == b"".join(encode(make_stream(TABLE), format))
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]


@pytest.mark.parametrize("format", FORMATS)
def test_failed_query_leaves_the_old_file(format: str, tmp_path: Path) -> None:
    schema = pa.schema([("n", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1])], schema=schema)
        raise QueryError("interrupted")

    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(QueryError, match="interrupted"):
        write_file(ResultStream((Column("n", "BIGINT"),), schema, batches()), path, format)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"x": "old"}


@pytest.mark.parametrize("format", FORMATS)
def test_disk_that_takes_no_more_leaves_the_old_file(format: str, make_stream: MakeStream, tmp_path: Path) -> None:
    """The system refuses files over 2 kB here, as a full disk would."""
    path = tmp_path / "x"
    path.write_text("old")
    stream = make_stream(pa.table({"n": range(3000)}), batch_rows=100)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, old[1]))
    try:
        with pytest.raises(StorageError, match=r"cannot write .*File too large.*free some space"):
            write_file(stream, path, format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"x": "old"}


def test_folder_that_cannot_be_written(make_stream: MakeStream) -> None:
    with pytest.raises(StorageError, match="cannot write /proc/x"):
        write_file(make_stream(TABLE), "/proc/x.csv")


def test_missing_folder(make_stream: MakeStream, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"there is no folder .*absent"):
        write_file(make_stream(TABLE), tmp_path / "absent" / "x.csv")


def test_target_is_a_folder(make_stream: MakeStream, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="it is a folder"):
        write_file(make_stream(TABLE), tmp_path, "csv")


def test_unknown_suffix(make_stream: MakeStream, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"x\.dat"):
        write_file(make_stream(TABLE), tmp_path / "x.dat")
    assert list(tmp_path.iterdir()) == []
