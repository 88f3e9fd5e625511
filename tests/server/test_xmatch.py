"""POST /xmatch: the pairs `skyband crossmatch` finds, for a table that comes with the request."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import os
import select
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries import Sky
from skyband.queries.crossmatch import Find, MatchOptions, crossmatch, join_of
from skyband.schema.settings import Settings
from skyband.schema.store import Store

STORED = "sim_astrometry"


@pytest.fixture(scope="module")
def mine(sky_folder: Path) -> Table:
    """A table like one a client has: some rows of the sky, text ids, a column of its own."""
    with Sky(sky_folder) as sky:
        rows = sky.sql("SELECT designation AS name, ra, dec, j_m AS flux FROM sim_nir ORDER BY designation LIMIT 900")
        table = rows.to_astropy()
    table["ra"].unit = table["dec"].unit = u.deg
    return table


def written(table: Table, format: str) -> bytes:
    if format.endswith(".gz"):
        return gzip.compress(written(table, format.removesuffix(".gz")))
    if format in ("csv", "ecsv", "tsv"):
        text = io.StringIO()
        table.write(text, format={"csv": "ascii.csv", "ecsv": "ascii.ecsv", "tsv": "ascii.tab"}[format])
        return text.getvalue().encode()
    file = io.BytesIO()
    if format == "parquet":
        pa.parquet.write_table(pa.table({name: table[name].tolist() for name in table.colnames}), file)
    else:
        table.write(file, format=format)
    return file.getvalue()


def post(service: Any, content: bytes, *, filename: str = "mine", **fields: str) -> httpx.Response:
    data = {"table": STORED, "radius_arcsec": "1"} | fields
    response: httpx.Response = service.client.post("/xmatch", data=data, files={"file": (filename, content)})
    return response


def rows_of(response: httpx.Response) -> list[tuple[Any, ...]]:
    assert response.status_code == 200, response.text
    table = pa.ipc.open_stream(response.content).read_all()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture(scope="module")
def pairs(service: Any, mine: Table) -> list[tuple[Any, ...]]:
    """What the service finds for the table by default."""
    found = rows_of(post(service, written(mine, "csv"), id="name", format="arrow"))
    assert len(found) > 200
    return found


@pytest.mark.parametrize(("find", "join", "wide"), [("all", "left", True), ("one-to-one", "1xor2", False)])
def test_the_answer_is_what_crossmatch_gives(
    service: Any, sky_folder: Path, mine: Table, tmp_path: Path, find: str, join: str, wide: bool
) -> None:
    store = Store.create(Settings(store=str(tmp_path / "local"), threads=2, memory_gb=1.0))
    shutil.copy(sky_folder / "tables" / f"{STORED}.duckdb", store.tables_folder)
    (tmp_path / "mine.csv").write_bytes(written(mine, "csv"))
    ingest(store, [tmp_path / "mine.csv"], IngestOptions(table="upload", id="name"))
    options = MatchOptions(
        left="upload", right=STORED, radius_arcsec=1.0, into="pairs", find=Find(find), join=join_of(join), wide=wide
    )
    crossmatch(store, options)
    with Sky(settings=store.settings) as sky:
        expected = sky.sql("FROM pairs")
        columns, rows = [column.name for column in expected.columns], expected.rows()
    response = post(
        service, written(mine, "csv"), id="name", find=find, join=join, wide=str(wide).lower(), format="arrow"
    )
    assert response.headers["x-rejected-rows"] == "0"
    assert rows_of(response) == rows
    assert pa.ipc.open_stream(response.content).schema.names == columns
    assert len(rows) > 200


@pytest.mark.parametrize("format", ["votable", "fits", "parquet", "ecsv", "tsv", "csv.gz"])
def test_pairs_are_those_of_astropy_whatever_the_file(service: Any, sky_folder: Path, mine: Table, format: str) -> None:
    """Without an id its rows are numbered from 1, as astropy numbers them from 0."""
    with Sky(sky_folder) as sky:
        stored = sky.sql(f"SELECT source_id, ra, dec FROM {STORED}").to_arrow()
    left = SkyCoord(mine["ra"], mine["dec"])
    right = SkyCoord(stored["ra"].to_numpy(), stored["dec"].to_numpy(), unit="deg")
    # search_around_sky is called on the other table: its first index is that of its argument.
    i, j, separations, _ = right.search_around_sky(left, 1.0 * u.arcsec)
    expected = {
        (int(a) + 1, stored["source_id"][int(b)].as_py()): float(sep)
        for a, b, sep in zip(i, j, separations.arcsec, strict=True)
    }
    assert len(expected) > 200
    content = written(mine["ra", "dec", "flux"], format)
    response = post(service, content, filename=f"mine.{format}", find="all", format="arrow")
    found = {(row[0], row[1]): row[2] for row in rows_of(response)}
    assert found == pytest.approx(expected, abs=1e-5)


def test_columns_may_have_any_name_and_the_answer_any_format(
    service: Any, mine: Table, pairs: list[tuple[Any, ...]]
) -> None:
    renamed = mine.copy()
    renamed.rename_columns(["name", "ra", "dec"], ["what", "x", "y"])
    content, names = written(renamed, "csv"), {"id": "what", "ra": "x", "dec": "y"}
    votable = Table.read(io.BytesIO(post(service, content, **names).content), format="votable")
    assert [(str(row["upload_id"]), int(row[f"{STORED}_id"])) for row in votable] == [row[:2] for row in pairs]
    assert votable["sep_arcsec"].unit == u.arcsec
    fits = Table.read(io.BytesIO(post(service, content, **names, format="fits").content), format="fits")
    assert list(fits["sep_arcsec"]) == [row[2] for row in pairs]
    document = post(service, content, **names, format="json", maxrec="10").json()
    assert ([tuple(row[:3]) for row in document["rows"]], document["truncated"]) == ([r[:3] for r in pairs[:10]], True)


def test_rows_that_cannot_be_matched_are_counted(service: Any, mine: Table, pairs: list[tuple[Any, ...]]) -> None:
    lines = written(mine, "csv").decode().splitlines()
    twice, nowhere = lines[5], "lost,400,95,1"
    response = post(service, "\n".join([*lines, twice, nowhere]).encode(), id="name", format="votable-tabledata")
    assert response.headers["x-rejected-rows"] == "2"
    assert response.text.count('name="REJECTED_ROWS"') == 2
    votable = Table.read(io.BytesIO(response.content), format="votable")
    assert [(str(row["upload_id"]), int(row[f"{STORED}_id"])) for row in votable] == [row[:2] for row in pairs]


def test_stored_tables_may_have_the_names_used_here(serve: Any, tmp_path: Path) -> None:
    store = Store.create(Settings(store=str(tmp_path / "sky")))
    (tmp_path / "mine.csv").write_text("id,ra,dec\n1,10,20\n2,11,21\n")
    for name in ("upload", "pairs"):
        ingest(store, [tmp_path / "mine.csv"], IngestOptions(table=name))
    files = {"file": b"ra,dec\n10,20.0001\n"}
    with serve(store.path) as served:
        for name, other in (("upload", "upload_2"), ("pairs", "upload")):
            data = {"table": name, "radius_arcsec": "2", "format": "json"}
            found = served.client.post("/xmatch", data=data, files=files).json()
            assert [column["name"] for column in found["columns"]][:2] == [f"{other}_id", f"{name}_id"]
            assert [row[:2] for row in found["rows"]] == [[1, 1]]


CSV = b"id,ra,dec\n1,10,20\n"


@pytest.mark.parametrize(
    ("content", "fields", "status", "kind", "words"),
    [
        (CSV, {"table": "nothing"}, 404, "TableNotFound", "nothing"),
        (CSV, {"table": ""}, 400, "BadOption", "parameter table is missing"),
        (CSV, {"radius_arcsec": ""}, 400, "BadOption", "radius_arcsec is missing"),
        (CSV, {"radius_arcsec": "0"}, 400, "BadOption", "radius"),
        (CSV, {"radius_arcsec": "-1"}, 400, "BadOption", "radius_arcsec='-1'"),
        (CSV, {"radius_arcsec": "nan"}, 400, "BadOption", "radius_arcsec='nan'"),
        (CSV, {"find": "some"}, 400, "BadOption", "one-to-one"),
        (CSV, {"join": "some"}, 400, "BadOption", "left-only"),
        (CSV, {"wide": "perhaps"}, 400, "BadOption", "wide='perhaps'"),
        (CSV, {"format": "xls"}, 400, "BadOption", "no format 'xls'"),
        (CSV, {"maxrec": "-1"}, 400, "BadOption", "MAXREC"),
        (CSV, {"id": "nope"}, 400, "BadOption", "id=nope: the file has no such column, it has id, ra, dec"),
        (CSV, {"ra": "ra", "dec": "nope"}, 400, "BadOption", "dec=nope"),
        (b"a,b\n1,2\n", {}, 400, "BadTable", "give ra=COLUMN dec=COLUMN"),
        (b"id,ra,dec\n1,x,y\n", {}, 400, "BadTable", "1 unreadable position"),
        (b"", {}, 400, "BadFile", "the upload is empty"),
        (gzip.compress(CSV * 100, mtime=0)[:40], {}, 400, "BadFile", "truncated"),
        (
            b'<?xml version="1.0"?><VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
            b'<FIELD name="ra" datatype="double"/>'
            b'<FIELD name="dec" datatype="double"/><DATA><BINARY2><STREAM href="file:///etc/passwd"/></BINARY2></DATA>'
            b"</TABLE></RESOURCE></VOTABLE>",
            {},
            400,
            "BadFile",
            "elsewhere",
        ),
    ],
)
def test_what_is_wrong_is_told_in_json(
    service: Any, content: bytes, fields: dict[str, str], status: int, kind: str, words: str
) -> None:
    response = post(service, content, **fields)
    error = response.json()["error"]
    assert (response.status_code, error["kind"]) == (status, kind)
    assert words in error["message"]
    assert ".spill" not in error["message"]


def test_a_form_without_a_file_is_told(service: Any) -> None:
    for files in ({}, {"other": CSV}):
        response = service.client.post("/xmatch", data={"table": STORED, "radius_arcsec": "1"}, files=files)
        assert response.status_code == 400
        assert "field `file`" in response.json()["error"]["message"]


def on_disk(folder: Path) -> dict[str, str]:
    """Every file of a store with its content, but for the locks and jobs of the service."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
        if path.name != ".serve.lock" and "jobs" not in path.parts
    }


def emptied(folder: Path) -> bool:
    return not any(folder.glob(".spill-*"))


def until(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    """What a condition gives once it holds."""
    end = time.monotonic() + seconds
    for _ in itertools.count():
        if found := condition():
            return found
        assert time.monotonic() < end, "it did not come about"
        threading.Event().wait(0.02)
    return None


def workers(service: Any, folder: Path) -> list[int]:
    """Process ids of the matches a service runs over a store; one that waits for the next is at home elsewhere."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    return [int(pid) for pid in children if home(pid).startswith(f"{folder}/.spill-")]


def home(pid: str) -> str:
    """The working folder of a process, "" of one that has just ended."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except FileNotFoundError:
        return ""


def matching(service: Any, folder: Path) -> int:
    """Process id of the one match of a service, once it has begun."""
    until(lambda: any(folder.glob(".spill-*/tables")))
    [pid] = workers(service, folder)
    return pid


def has_ended(pid: int, *, seconds: float = 20) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def asking(served: Any, content: bytes) -> socket.socket:
    """The connection of a client that has asked for a match and waits; it leaves when that is closed."""
    request = served.client.build_request(
        "POST", "/xmatch", data={"table": STORED, "radius_arcsec": "1"}, files={"file": content}
    )
    lines = ["POST /xmatch HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items()), "", ""]
    connection = socket.create_connection((request.url.host, request.url.port))
    connection.sendall("\r\n".join(lines).encode() + request.read())
    return connection


def test_nothing_is_left_on_disk(serve: Any, own_sky: Path, mine: Table) -> None:
    before = on_disk(own_sky)
    inode = (own_sky / "tables" / f"{STORED}.duckdb").stat().st_ino
    with serve(own_sky, upload_max_rows="900", upload_max_bytes="100000") as served:
        content = written(mine, "csv")
        assert post(served, content, wide="true", format="fits").status_code == 200
        assert post(served, b"id,ra,dec\n1,x,y\n").status_code == 400
        long = post(served, content + content.splitlines(keepends=True)[-1])
        assert (long.status_code, "takes 900" in long.text) == (400, True)
        large = post(served, b"id,ra,dec\n" + b"1,2,3\n" * 20_000)
        assert (large.status_code, large.json()["error"]["kind"]) == (400, "ResourceLimit")
        bomb = post(served, gzip.compress(b"id,ra,dec\n" + b"1,2,3\n" * 2_000_000))
        assert (bomb.status_code, "unpacks to more than 100,000 bytes" in bomb.text) == (400, True)
        # A few kilobytes that are five million rows.
        flood = io.BytesIO()
        zeros = pa.array(np.zeros(5_000_000))
        pa.parquet.write_table(pa.table({"ra": zeros, "dec": zeros}), flood)
        assert len(flood.getvalue()) < 50_000
        packed = post(served, flood.getvalue())
        assert (packed.status_code, "5,000,000 rows" in packed.text) == (400, True)
        until(lambda: emptied(own_sky))
        assert workers(served, own_sky) == []
    assert on_disk(own_sky) == before
    assert (own_sky / "tables" / f"{STORED}.duckdb").stat().st_ino == inode


def test_a_match_ends_with_its_time(serve: Any, own_sky: Path, mine: Table) -> None:
    with serve(own_sky, query_time_limit_s="0.05") as served:
        response = post(served, written(mine, "csv"))
        assert (response.status_code, response.json()["error"]["kind"]) == (400, "ResourceLimit")
        until(lambda: emptied(own_sky))
        assert workers(served, own_sky) == []


def test_a_match_ends_when_its_client_or_the_server_goes(serve: Any, own_sky: Path, mine: Table) -> None:
    """The process stands still, so that nothing but a kill can end it."""
    content = written(mine, "csv")
    with serve(own_sky) as served:
        with asking(served, content):
            [pid] = until(lambda: workers(served, own_sky))
            os.kill(pid, signal.SIGSTOP)
        assert has_ended(pid)
        until(lambda: emptied(own_sky))
        assert served.client.get("/health").status_code == 200

        with asking(served, content):
            pid = matching(served, own_sky)
            os.kill(pid, signal.SIGSTOP)
            served.kill()
            assert has_ended(pid)
        assert not emptied(own_sky)
    with serve(own_sky) as served:
        assert emptied(own_sky)


def test_an_answer_nobody_takes_ends_with_its_client(serve: Any, own_sky: Path, mine: Table) -> None:
    with serve(own_sky) as served, httpx.Client(base_url=served.url, timeout=60, trust_env=False) as client:
        data = {"table": STORED, "radius_arcsec": "72000", "find": "all", "format": "json"}
        with client.stream("POST", "/xmatch", data=data, files={"file": written(mine, "csv")}) as response:
            assert response.status_code == 200
            [pid] = workers(served, own_sky)
        assert has_ended(pid)
        until(lambda: emptied(own_sky))


def test_more_matches_than_processes_wait_for_each_other(service: Any, mine: Table) -> None:
    content = written(mine, "csv")
    answers: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(post(service, content, format="csv"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(answers[0].content) > 1000
