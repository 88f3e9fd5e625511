"""Downloads in parts, HEAD, and what is said before the body of an answer."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from skyband.server.web.files import asked_range


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("bytes=0-9", (206, 0, 10)),
        ("bytes=90-", (206, 90, 100)),
        ("bytes=-7", (206, 93, 100)),
        ("bytes=-700", (206, 0, 100)),
        ("Bytes = 99-1000 ", (206, 99, 100)),
        ("bytes=100-", (416, 0, 0)),
        ("bytes=-0", (416, 0, 0)),
        ("bytes=9-3", (200, 0, 100)),
        ("bytes=0-1,5-6", (200, 0, 100)),
        ("bytes=-", (200, 0, 100)),
        ("rows=0-9", (200, 0, 100)),
        ("", (200, 0, 100)),
    ],
)
def test_ranges_are_read_as_rfc_9110_has_them(text: str, asked: tuple[int, int, int]) -> None:
    assert asked_range(text, 100) == asked


@pytest.fixture
def result(service: Any) -> str:
    """The URL of the result of a job: 200,000 lines."""
    data = {"LANG": "DuckDB", "QUERY": "SELECT range AS n FROM range(200000)", "FORMAT": "csv", "PHASE": "RUN"}
    job = service.client.post("/tap/async", data=data).headers["location"]
    while service.client.get(f"{job}/phase").text != "COMPLETED":
        service.client.get(job, params={"WAIT": "10"})
    return f"{job}/results/result"


def test_a_download_goes_on_where_it_broke_off(service: Any, result: str) -> None:
    whole = service.client.get(result)
    assert whole.content == b"n\n" + b"".join(b"%d\n" % n for n in range(200_000))
    size, etag = len(whole.content), whole.headers["etag"]
    assert (whole.headers["accept-ranges"], whole.headers["content-length"]) == ("bytes", str(size))

    def part(**headers: str) -> tuple[int, str, bytes]:
        answer = service.client.get(result, headers={name.replace("_", "-"): text for name, text in headers.items()})
        return answer.status_code, answer.headers.get("content-range", ""), answer.content

    assert part(range="bytes=0-9") == (206, f"bytes 0-9/{size}", whole.content[:10])
    assert part(range="bytes=700000-") == (206, f"bytes 700000-{size - 1}/{size}", whole.content[700000:])
    assert part(range="bytes=0-9", if_range=etag) == (206, f"bytes 0-9/{size}", whole.content[:10])
    assert part(range="bytes=0-9", if_range='"other"') == (200, "", whole.content)
    assert part(range=f"bytes={size}-") == (416, f"bytes */{size}", b"")
    assert part(if_none_match=f'"x", W/{etag}') == (304, "", b"")
    assert part(if_none_match='"x"') == (200, "", whole.content)


def test_head_is_get_without_a_body(service: Any, result: str) -> None:
    small = ["/", "/tables", "/tables/sim_nir", "/health", "/tap", "/tap/capabilities", "/tap/tables", "/tap/async"]
    for path in [*small, result, result.removesuffix("/results/result")]:
        head, get = service.client.head(path), service.client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        for name in ("content-type", "content-length", "etag"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)
    assert service.client.head("/tables/nothing").status_code == 404
    assert service.client.head("/xmatch").status_code == 405


ENDLESS = "SELECT count(*) AS n FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range < 0"


def test_head_runs_no_query(service: Any) -> None:
    asked = {
        "/sql": ({"query": ENDLESS, "format": "csv"}, "text/csv;header=present"),
        "/tap/sync": ({"LANG": "DuckDB", "QUERY": ENDLESS}, "application/x-votable+xml;serialization=binary2"),
        "/scs/sim_nir": ({"RA": "1", "DEC": "1", "SR": "180", "RESPONSEFORMAT": "fits"}, "application/fits"),
        "/moc/sim_nir": ({"order": "12", "format": "json"}, "application/json"),
    }
    for path, (parameters, kind) in asked.items():
        answer = service.client.head(path, params=parameters)
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, kind, b""), path
        assert "content-length" not in answer.headers
        assert service.client.head(path, params={"format": "xls", "RA": "x"}).status_code == 400


@pytest.mark.parametrize(
    "format", ["csv", "tsv", "ndjson", "arrow", "arrow-file", "parquet", "fits", "json", "votable"]
)
@pytest.mark.parametrize(("maxrec", "truncated"), [(4, "true"), (5, "false"), (6, "false")])
def test_every_small_answer_says_whether_rows_were_cut(service: Any, format: str, maxrec: int, truncated: str) -> None:
    query = "SELECT range AS n FROM range(5)"
    answer = service.client.get("/sql", params={"query": query, "maxrec": str(maxrec), "format": format})
    assert answer.status_code == 200
    said = (answer.headers["x-skyband-truncated"], answer.headers["x-skyband-max-rows"])
    assert said == (truncated, str(maxrec))


LONG = {"query": "SELECT range AS n, md5(range::VARCHAR) AS x FROM range(300000)"}


@pytest.mark.parametrize("open_rows", [pa.ipc.open_stream, pa.ipc.open_file])
@pytest.mark.parametrize(("maxrec", "remarks"), [(299_999, {b"QUERY_STATUS": b"OVERFLOW"}), (300_000, None)])
def test_a_long_arrow_answer_says_it_at_its_end(
    service: Any, open_rows: Any, maxrec: int, remarks: dict[bytes, bytes] | None
) -> None:
    form = "arrow" if open_rows is pa.ipc.open_stream else "arrow-file"
    answer = service.client.get("/sql", params=LONG | {"maxrec": str(maxrec), "format": form})
    assert "x-skyband-truncated" not in answer.headers
    reader = open_rows(io.BytesIO(answer.content))
    assert reader.read_all().num_rows == maxrec
    reader = open_rows(io.BytesIO(answer.content))
    if form == "arrow":
        found = [metadata for _, metadata in reader.iter_batches_with_custom_metadata()]
    else:
        found = [reader.get_batch_with_custom_metadata(n)[1] for n in range(reader.num_record_batches)]
    last = found[-1]
    assert (None if last is None else dict(last.items())) == remarks


@pytest.mark.parametrize(("maxrec", "cut"), [(299_999, True), (300_000, False)])
def test_long_fits_and_parquet_answers_say_it_in_their_metadata(service: Any, maxrec: int, cut: bool) -> None:
    for form in ("fits", "parquet"):
        answer = service.client.get("/sql", params=LONG | {"maxrec": str(maxrec), "format": form})
        assert (b"OVERFLOW" in answer.content) == cut


def test_files_of_a_job_that_goes_meanwhile_are_whole(service: Any, result: str, sky_folder: Path) -> None:
    with service.client.stream("GET", result) as answer:
        assert service.client.delete(result.removesuffix("/results/result")).status_code == 303
        assert sum(map(len, answer.iter_bytes())) == int(answer.headers["content-length"])
    assert service.client.get(result).status_code == 404
