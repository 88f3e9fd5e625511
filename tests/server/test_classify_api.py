"""POST /classify and GET /models: rows that come with a request are what they are in a scored table."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from astropy.table import Table
from litestar.datastructures import UploadFile

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.queries.formats import FORMATS
from skyband.schema.errors import ResourceLimit
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.server.api.classify_processes import Classifiers
from skyband.server.api.classify_worker import Wanted
from tests.conftest import publish_rows
from tests.models.scoring.conftest import sources
from tests.server.conftest import Served, json_rows, serving
from tests.server.web.test_access import FILE as TOKENS

OPTIONS = FeatureOptions(groups=("colours", "magnitudes"))
BANDS = ("u", "g", "r", "i", "z")
SCORES = (
    "class", "p_galaxy", "p_quasar", "p_star", "p_max", "entropy", "disagreement", "class_set", "safety",
    "model_version",
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A model, and the table `others` that it scored."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("classify") / "sky"), threads=2))
    publish_rows(store, "known", **sources(1, 300))
    publish_rows(store, "others", **sources(2, 60))
    with Sky(store.path) as sky:
        report = train_on_table(sky, "known", "kind", "kinds", OPTIONS, budget_s=1, learners=(Boosting(),))
        score_table(sky, "others", report.model)
    return store


@pytest.fixture(scope="module")
def served(store: Store) -> Iterator[Served]:
    with serving(store.path, threads="2", upload_max_rows="200", upload_max_bytes="100000") as found:
        yield found


@pytest.fixture(scope="module")
def scored(store: Store) -> pa.Table:
    """The table with what the model said of it."""
    with Sky(store.path) as sky:
        return sky.sql("SELECT * FROM others ORDER BY hash(id)").to_arrow()


def given(scored: pa.Table) -> pa.Table:
    """What a client has of it, NULL where nothing was measured."""
    rows = [{name: None if value != value else value for name, value in row.items()} for row in scored.to_pylist()]
    return pa.Table.from_pylist(rows).select(["id", *BANDS])


def answered(scored: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = scored.select(["id", *SCORES]).to_pylist()
    return rows


def written(rows: pa.Table, form: str) -> bytes:
    if form.endswith(".gz"):
        return gzip.compress(written(rows, form.removesuffix(".gz")))
    if form == "ndjson":
        return b"\n".join(json.dumps(row).encode() for row in rows.to_pylist())
    if form == "json":
        return json.dumps(rows.to_pylist()).encode()
    if form == "csv":
        return "\n".join([",".join(rows.column_names), *(text(row) for row in rows.to_pylist())]).encode()
    file = io.BytesIO()
    if form == "parquet":
        pa.parquet.write_table(rows, file)
    else:
        # Magnitudes of NULL are NaN in files.
        columns = {
            name: np.array(rows[name].to_pylist(), float if name in BANDS else int) for name in rows.column_names
        }
        Table(columns).write(file, format=form)
    return file.getvalue()


def text(row: dict[str, Any]) -> str:
    return ",".join("" if value is None else repr(value) for value in row.values())


def post(served: Served, content: bytes, **fields: Any) -> httpx.Response:
    data = {"model": "kinds"} | fields
    response: httpx.Response = served.client.post("/classify", data=data, files={"file": ("mine", content)})
    return response


def near(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: pytest.approx(value, rel=1e-5) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]


def test_json_rows_are_what_they_are_in_a_table(served: Served, scored: pa.Table) -> None:
    rows = given(scored).to_pylist()
    answer = served.client.post("/classify", params={"model": "kinds@1"}, json=rows)
    assert json_rows(answer) == near(answered(scored))
    assert answer.headers["x-skyband-model"] == "kinds@1"
    assert answer.headers["x-skyband-missing-features"] == ""
    prior = {"galaxy": 0.2, "quasar": 0.1, "star": 0.7}
    beside = served.client.post("/classify", json={"model": "kinds", "rows": rows, "prior": prior})
    said = ",".join(f"{name}={share}" for name, share in prior.items())
    assert beside.json() == post(served, written(given(scored), "json"), prior=said).json()
    assert beside.json()["rows"] != answer.json()["rows"]


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet", "votable", "fits", "ndjson", "json.gz"])
def test_tables_come_in_any_file(served: Served, scored: pa.Table, form: str) -> None:
    assert json_rows(post(served, written(given(scored), form))) == near(answered(scored))


@pytest.mark.parametrize("form", FORMATS)
def test_answers_go_in_any_format(served: Served, scored: pa.Table, form: str) -> None:
    answer = post(served, written(given(scored), "parquet"), format=form)
    assert (answer.status_code, answer.headers["content-type"]) == (200, FORMATS[form].mime)
    expected = answered(scored)
    if form.startswith("votable") or form == "fits":
        table = Table.read(io.BytesIO(answer.content), format=form.partition("-")[0])
        assert [str(name).strip() for name in table["class"]] == [row["class"] for row in expected]
        assert list(table["p_star"]) == pytest.approx([row["p_star"] for row in expected], rel=1e-5)
    elif form == "parquet":
        assert pa.parquet.read_table(io.BytesIO(answer.content)).to_pylist() == expected
    elif form.startswith("arrow"):
        opened = (pa.ipc.open_stream if form == "arrow" else pa.ipc.open_file)(answer.content)
        assert opened.read_all().to_pylist() == expected
    else:
        assert answer.text.count("kinds@1") >= 60


def test_columns_of_other_names_and_missing_ones(served: Served, scored: pa.Table) -> None:
    rows = given(scored)
    mine = rows.rename_columns(["what", *(f"my_{band}" for band in BANDS)])
    inputs = [f"{band}=my_{band}" for band in BANDS]
    found = post(served, written(mine, "parquet"), input=inputs, id="what")
    assert [row | {"id": row["what"]} for row in json_rows(found)] == [
        row | {"what": row["id"]} for row in near(answered(scored))
    ]
    beside = {"model": "kinds", "rows": mine.to_pylist(), "input": dict(pair.split("=") for pair in inputs)}
    assert served.client.post("/classify", json=beside).json()["rows"] == [
        [number, *row[1:]] for number, row in enumerate(found.json()["rows"], 1)
    ]
    few = post(served, written(rows.select(["g", "r"]), "csv"), format="votable")
    missing = few.headers["x-skyband-missing-features"].split(", ")
    assert "u_mag" in missing and "u_minus_g" in missing and "g_minus_r" not in missing
    assert few.text.count("MISSING_FEATURES") == 1
    assert few.content.count(b"u_minus_g") == 1
    alike = post(served, written(rows, "csv"), like="others")
    assert json_rows(alike) == near(answered(scored))


CSV = b"id,g,r\n1,18,17.5\n"


@pytest.mark.parametrize(
    ("content", "fields", "status", "words"),
    [
        (CSV, {"model": ""}, 400, "parameter model is missing: /models lists"),
        (CSV, {"model": "nothing"}, 404, "no model 'nothing' here; there are: kinds"),
        (CSV, {"model": "kinds@9"}, 404, "no model 'kinds@9' here"),
        (CSV, {"model": "../kinds"}, 404, "no model '../kinds' here"),
        (CSV, {"format": "xls"}, 400, "no format 'xls'"),
        (CSV, {"prior": "half"}, 400, "prior 'half': give train, uniform"),
        (CSV, {"prior": "quark=1"}, 400, "the prior has no share of galaxy"),
        (CSV, {"like": "nothing"}, 404, "no table 'nothing' here"),
        (CSV, {"input": "u"}, 400, "input='u' is not of the form NAME=COLUMN"),
        (CSV, {"input": "q=g"}, 400, "no input 'q'"),
        (CSV, {"input": "u=nope"}, 400, "input=u=nope: the rows have no such column of numbers; they have id, g, r"),
        (CSV, {"id": "nope"}, 400, "id=nope: the rows have no such column"),
        (b"a,b\n1,2\n", {}, 400, "none of the 21 features of kinds@1: their columns are a, b; say which is which by"),
        (b"", {}, 400, "the upload is empty"),
        (b"id,g,r\n", {}, 400, "no rows"),
        (b"[]", {}, 400, "no rows to classify"),
        (b"[1, 2]", {}, 400, "holds int where an object should be"),
        (b'{"g": 1', {}, 400, "is not JSON"),
        (b"[" * 100_000, {}, 400, "nested too deep"),
        (b'{"g":' * 10_000 + b"1" + b"}" * 10_000, {}, 400, "too deep"),
        (b'[{"g": 1}, {"g": "1"}]', {}, 400, "'g' is a number in some objects and text in others"),
        (b'{"g": 1, "t": "\\ud800"}', {}, 400, "no number or text a table holds"),
        (gzip.compress(CSV * 100, mtime=0)[:40], {}, 400, "it cannot be read"),
        (b"PAR1" + bytes(100), {}, 400, "damaged"),
        (b"SIMPLE  =" + bytes(100), {}, 400, ""),
        (b"Obj\x01" + bytes(50), {}, 400, "Avro"),
        (b"PK\x03\x04" + bytes(50), {}, 400, "ZIP"),
        (b"id,g,r\n" + b"1,18,17.5\n" * 201, {}, 400, "more than 200 rows"),
        (gzip.compress(b"id,g,r\n" + b"1,2,3\n" * 2_000_000, mtime=0), {}, 400, "longer than 100,000 bytes"),
        (json.dumps([{f"c{number}": 1 for number in range(5_000)}]).encode(), {}, 400, "5,000 different members"),
        (
            (",".join(f"c{number}" for number in range(6_000)) + "\n" + "1," * 5_999 + "1\n").encode(),
            {},
            400,
            "columns",
        ),
    ],
)
def test_what_is_wrong_is_told_in_json(
    served: Served, content: bytes, fields: dict[str, str], status: int, words: str
) -> None:
    response = post(served, content, **fields)
    assert response.status_code == status, response.text
    message = response.json()["error"]["message"]
    assert words in message
    assert ".spill" not in message and "Traceback" not in message and "\n" not in message


@pytest.mark.parametrize(
    ("request_of", "words"),
    [
        ({"params": {"model": "kinds"}, "json": {"g": 1}}, "no list of objects"),
        ({"params": {"model": "kinds"}, "json": "rows"}, "no list of objects"),
        (
            {"params": {"model": "kinds"}, "content": b"[{]", "headers": {"Content-Type": "application/json"}},
            "not JSON",
        ),
        ({"params": {"model": "kinds"}, "json": [[1, 2]]}, "holds list where an object should be"),
        ({"params": {"model": "kinds"}}, "there are no rows"),
        ({"data": {"model": "kinds"}}, "there are no rows"),
        ({"json": {"model": ["kinds", "others"], "rows": []}}, "given 2 times"),
    ],
)
def test_bodies_that_hold_no_rows(served: Served, request_of: dict[str, Any], words: str) -> None:
    response = served.client.post("/classify", **request_of)
    assert (response.status_code, words in response.text) == (400, True), response.text


def test_after_hostile_uploads_nothing_is_left(served: Served, store: Store, scored: pa.Table) -> None:
    # A kilobyte that is gigabytes of text.
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 150, pa.int32()), pa.array(["x" * 20_000_000]))
    bomb = io.BytesIO()
    pa.parquet.write_table(pa.table({"g": pa.array([18.0] * 150), "id": long}), bomb, compression="zstd")
    response = post(served, bomb.getvalue())
    assert (response.status_code, "unpacks to more than 200,000 bytes" in response.text) == (400, True)
    # A few kilobytes that are five million rows.
    flood = io.BytesIO()
    pa.parquet.write_table(pa.table({"g": pa.array(np.zeros(5_000_000)), "r": pa.array(np.ones(5_000_000))}), flood)
    response = post(served, flood.getvalue())
    assert (response.status_code, "more than 200 rows" in response.text) == (400, True)
    large = post(served, b"id,g,r\n" + b"1,18,17.5\n" * 20_000)
    assert (large.status_code, large.json()["error"]["kind"]) == (400, "ResourceLimit")
    assert json_rows(post(served, written(given(scored), "csv"))) == near(answered(scored))
    assert not list(store.path.glob(".spill-*/*"))


def workers(service: Served) -> list[int]:
    """Process ids of what classifies for a service, by what the system says."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"classify_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_models_stay_loaded_and_the_process_may_die(served: Served, scored: pa.Table) -> None:
    content = written(given(scored), "csv")
    first = post(served, content).content
    [worker] = workers(served)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: httpx.post(
            f"{served.url}/classify", data={"model": "kinds"}, files={"file": content}, trust_env=False, timeout=60
        ).content, range(4)))  # fmt: skip
    assert answers == [first] * 4
    assert workers(served) == [worker]
    os.kill(worker, 9)
    assert post(served, content).content == first
    assert workers(served) != [worker]


def test_a_new_version_is_picked_up(store: Store, scored: pa.Table, tmp_path: Path) -> None:
    for folder in ("tables", "models"):
        shutil.copytree(store.path / folder, tmp_path / "sky" / folder, copy_function=os.link)
    copy = Store.open(Settings(store=str(tmp_path / "sky")))
    content = written(given(scored), "csv")
    (tmp_path / "tokens.toml").write_text(TOKENS)
    arguments = ("--token-file", str(tmp_path / "tokens.toml"))
    with serving(copy.path, *arguments, threads="2") as served:
        assert post(served, content).status_code == 401
        assert served.client.get("/models").status_code == 401
        # Those who may only read may ask.
        served.client.headers["Authorization"] = "Bearer alice-secret"
        assert {row["model_version"] for row in json_rows(post(served, content))} == {"kinds@1"}
        [first] = served.client.get("/models").json()["models"]
        with Sky(copy.path) as sky:
            train_on_table(sky, "known", "kind", "kinds", OPTIONS, budget_s=1, seed=3, learners=(Boosting(),))
        assert {row["model_version"] for row in json_rows(post(served, content))} == {"kinds@2"}
        assert json_rows(post(served, content, model="kinds@1")) == near(answered(scored))
        assert [one["model"] for one in served.client.get("/models").json()["models"]] == ["kinds@1", "kinds@2"]
        assert first["classes"] == ["galaxy", "quasar", "star"]
        whole = served.client.get("/models/kinds@1").json()
        assert (whole["model"], whole["metrics"]["accuracy"]) == ("kinds@1", first["accuracy"])
        assert served.client.get("/models/kinds").json()["model"] == "kinds@2"
        for name in ("nothing", "kinds@²", "kinds@" + "9" * 5000):
            unknown = served.client.get(f"/models/{name}")
            assert (unknown.status_code, str(tmp_path) in unknown.text) == (404, False)
            assert post(served, content, model=name).status_code == 404
        for text in ("{}", "{"):
            (copy.path / "models" / "kinds" / "2" / "manifest.json").write_text(text)
            listed = served.client.get("/models").json()
            assert (listed["models"], listed["damaged"]) == ([first], ["kinds@2"])
        for damaged in (served.client.get("/models/kinds"), post(served, content)):
            assert (damaged.status_code, str(tmp_path) in damaged.text, "damaged" in damaged.text) == (400, False, True)


def test_a_request_ends_with_its_time(store: Store) -> None:
    hurried = Store.open(replace(store.settings, query_time_limit_s=0.05))

    async def ask() -> None:
        classifiers = Classifiers(hurried)
        try:
            with pytest.raises(ResourceLimit, match=r"the rows took longer than 0\.05 s; send fewer"):
                await classifiers.classify(UploadFile("text/csv", "mine", CSV), Wanted("kinds", "csv"))
        finally:
            await classifiers.close()

    asyncio.run(ask())
    assert not list(store.path.glob(".spill-*"))


def test_it_is_described(served: Served) -> None:
    paths = served.client.get("/schema/openapi.json").json()["paths"]
    assert {"/classify", "/models", "/models/{name}"} <= set(paths)
    assert "`model`" in paths["/classify"]["post"]["description"]
