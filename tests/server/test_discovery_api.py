"""Labels and anomalies over HTTP: a running service, people with and without the right to write."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from skyband.models.discovery.options import AnomalyOptions
from skyband.models.discovery.run import find_anomalies
from skyband.queries import Sky
from skyband.queries.likeness import Collection
from skyband.schema.locks import writer_lock
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.models.discovery.conftest import METADATA, PROVENANCE, drawn, rows_of
from tests.server.conftest import Served, serving

IMAGES = 40
TOKENS = {"alice": "read", "root": "admin"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A collection with anomaly scores, and one without."""
    made = Store.create(Settings(store=str(tmp_path_factory.mktemp("discovery") / "sky"), threads=2))
    rows = rows_of(drawn(IMAGES)[0])
    for name in ("gals", "bare"):
        publish_rows(made, name, id=rows["id"].to_pylist(), ra=[1.0] * IMAGES, dec=[0.0] * IMAGES)
    Collection.create(made, "gals", PROVENANCE, METADATA).add(rows, PROVENANCE)
    with Sky(made.path) as sky:
        find_anomalies(sky, "gals", AnomalyOptions(trees=10), command="")
    return made


@pytest.fixture(scope="module")
def service(store: Store) -> Iterator[Served]:
    tokens = "".join(
        f'[[token]]\nname = "{name}"\nrole = "{role}"\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
        for name, role in TOKENS.items()
    )
    (store.path.parent / "tokens.toml").write_text(tokens)
    with serving(store.path, "--token-file", str(store.path.parent / "tokens.toml"), "--public-read") as served:
        yield served


@pytest.fixture
def client(service: Served) -> httpx.Client:
    return service.client


def by(name: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}", **headers}


def rows(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    document = response.json()
    return [dict(zip((c["name"] for c in document["columns"]), row, strict=True)) for row in document["rows"]]


def test_the_most_unusual_in_any_order(client: httpx.Client, store: Store) -> None:
    for strategy, column in {
        "forest": "anomaly_forest", "neighbours": "anomaly_neighbours", "both": "anomaly", "labels": "anomaly_reranked",
    }.items():  # fmt: skip
        found = rows(client.get(f"/anomalies/gals?k=5&strategy={strategy}"))
        with Sky(store.path) as sky:
            expected = sky.sql(
                f"SELECT id, {column} FROM gals ORDER BY {column} DESC, anomaly_reranked DESC, id LIMIT 5"
            ).rows()
        assert [(row["id"], pytest.approx(row[column])) for row in found] == list(expected)
        assert [row["rank"] for row in found] == [1, 2, 3, 4, 5]
        assert set(found[0]) >= {"ra", "dec", "anomaly_forest", "label_predicted"}
    assert len(rows(client.get("/anomalies/gals"))) == 20
    table = pq.read_table(io.BytesIO(client.get("/anomalies/gals?k=3&format=parquet").content))
    assert table.column_names[:3] == ["rank", "id", "anomaly_forest"]
    assert "application/x-votable+xml" in client.get("/anomalies/gals?k=3&format=votable").headers["content-type"]


def test_admins_label_by_form_and_by_json(client: httpx.Client) -> None:
    answer = client.post(
        "/labels", json={"collection": "gals", "id": "g001", "score": 4.5, "word": None}, headers=by("root")
    )
    assert answer.status_code == 201
    assert answer.json() == {
        "id": "g001", "score": 4.5, "user": "root", "word": "",
        "table": "gals_labels", "added": 1, "changed": 0, "labels": 1, "images": 1,
    }  # fmt: skip
    form = {"collection": "gals", "id": "g001", "score": "2", "word": "ring"}
    assert client.post("/labels", data=form, headers=by("root")).json()["changed"] == 1
    found = rows(client.get("/labels/gals"))
    assert [(row["id"], row["labelled_by"], row["score"], row["word"]) for row in found] == [
        ("g001", "root", 2.0, "ring")
    ]
    word = {"collection": "gals", "id": "g001", "word": "merger"}
    assert client.post("/labels", json=word, headers=by("root")).json()["score"] is None
    [row] = rows(client.get("/labels/gals"))
    assert (row["score"], row["word"]) == (None, "merger")
    assert client.get("/labels/gals?format=csv").text.splitlines()[0] == "id,labelled_by,score,word,labelled_at"


def test_only_admins_and_own_pages_write(client: httpx.Client, service: Served) -> None:
    label = {"collection": "gals", "id": "g002", "score": "1"}
    for headers, status in (
        ({}, 403),
        (by("alice"), 403),
        (by("nobody"), 401),
        (by("root", Origin="https://elsewhere.example"), 403),
        (by("root", Origin="null"), 403),
        (by("root", Origin="http://["), 403),
        (by("root", Origin=service.url), 201),
    ):
        assert client.post("/labels", data=label, headers=headers).status_code == status
    assert client.get("/labels").status_code == 405


@pytest.mark.parametrize(
    ("label", "status", "message"),
    [
        ({"id": "g001", "score": "1"}, 400, "parameter collection is missing"),
        ({"collection": "gals", "score": "1"}, 400, "parameter id is missing"),
        ({"collection": "gals", "id": "g001"}, 400, "parameter score is missing"),
        ({"collection": "gals", "id": "g001", "score": "6"}, 400, "score='6' is not a number from 0 to 5"),
        ({"collection": "gals", "id": "g001", "score": "nan"}, 400, "score='nan'"),
        ({"collection": "gals", "id": "who's", "score": "1"}, 400, 'gals has no row "who\'s"'),
        ({"collection": "nothing", "id": "g001", "score": "1"}, 404, "no table 'nothing'"),
        ({"collection": "gals", "id": "g001", "score": "1", "word": "w" * 201}, 400, "longer than 200"),
        ({"collection": "gals", "id": "g001", "score": "1", "word": "w" * 2_000_000}, 413, "bytes"),
    ],
)
def test_wrong_labels(client: httpx.Client, label: dict[str, str], status: int, message: str) -> None:
    for given in ({"data": label}, {"json": label}):
        answer = client.post("/labels", headers=by("root"), **given)  # type: ignore[arg-type]
        assert (answer.status_code, message in answer.json()["error"]["message"]) == (status, True), answer.text
    broken = client.post("/labels", content=b"{", headers=by("root", **{"Content-Type": "application/json"}))
    assert (broken.status_code, "not JSON" in broken.text) == (400, True)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/anomalies/nothing", 404, "nothing"),
        ("/anomalies/bare", 400, "bare has no anomaly scores yet: run skyband anomalies bare"),
        ("/anomalies/gals?strategy=best", 400, "not one of forest, neighbours, both, labels, predicted"),
        ("/anomalies/gals?strategy=predicted", 400, "no labels of gals were learnt from"),
        ("/anomalies/gals?k=0", 400, "k='0'"),
        ("/anomalies/gals?format=jpeg", 400, "jpeg"),
        ("/labels/nothing", 404, "nothing"),
        ("/labels/bare", 404, "nobody has labelled images of 'bare' yet"),
    ],
)
def test_wrong_questions(client: httpx.Client, path: str, status: int, message: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, message in answer.json()["error"]["message"]) == (status, True), answer.text


def test_labels_of_many_at_once_are_all_kept_while_questions_are_answered(
    client: httpx.Client, service: Served
) -> None:
    status: list[int] = []

    def label(number: int) -> None:
        answer = httpx.post(
            f"{service.url}/labels", json={"collection": "gals", "id": f"g{number:03}", "score": 3}, headers=by("root"),
            timeout=60, trust_env=False,
        )  # fmt: skip
        status.append(answer.status_code)

    threads = [threading.Thread(target=label, args=(number,)) for number in range(20, 28)]
    for thread in threads:
        thread.start()
    assert client.get("/health").status_code == 200
    for thread in threads:
        thread.join()
    assert status == [201] * 8
    found = {row["id"] for row in rows(client.get("/labels/gals"))}
    assert {f"g{number:03}" for number in range(20, 28)} <= found


def test_a_writer_elsewhere_is_waited_for_but_not_for_ever(client: httpx.Client, store: Store) -> None:
    label = {"collection": "bare", "id": "g003", "score": "1"}
    with writer_lock(store.lock_file("bare_labels")):
        answer = client.post("/labels", data=label, headers=by("root"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert client.post("/labels", data=label, headers=by("root")).status_code == 201
