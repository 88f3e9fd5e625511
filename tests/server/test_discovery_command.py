"""`skyband anomalies`, `label` and `taxonomy`, as people type them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skyband.ingest.images import AddOptions, add_images
from skyband.queries.likeness import Collection
from skyband.schema.store import Store
from tests.models.discovery.conftest import METADATA, PROVENANCE, drawn, rows_of
from tests.server.conftest import Run

IMAGES = 120


@pytest.fixture
def gals(store: Store, tmp_path: Path) -> Store:
    """A collection of images with vectors that have nothing to do with them."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(IMAGES):
        Image.fromarray(np.full((16, 16, 3), 2 * number, np.uint8)).save(folder / f"g{number:03}.png")
    add_images(store, [str(folder)], AddOptions(collection="gals"))
    rows = rows_of(drawn(IMAGES)[0]).drop_columns(["checksum"])
    Collection.create(store, "gals", PROVENANCE, METADATA.remove(0)).add(rows, PROVENANCE)
    return store


def test_anomalies_labels_and_anomalies_again(run: Run, gals: Store, tmp_path: Path) -> None:
    montage = tmp_path / "odd.png"
    code, out, err = run("anomalies", "gals", "--top", "6", "--montage", str(montage), "--json")
    answer = json.loads(out)
    assert (code, answer["images"], answer["labelled"], answer["version"]) == (0, 120, 0, 2)
    assert {row["id"] for row in answer["anomalies"]} == {f"g{number:03}" for number in range(114, 120)}
    assert "120 images, " in err
    with Image.open(montage) as picture:
        assert picture.format == "PNG" and min(picture.size) > 100
    odd = answer["anomalies"][0]["id"]
    code, out, _ = run("label", "gals", odd, "0", "--word", "artefact", "--user", "ann")
    assert (code, out) == (0, "gals_labels: 1 labels of 1 rows (1 added, 0 changed)\n")
    dull = "".join(f"g{n:03},0,\n" for n in (*range(4), *range(60, 64)))
    liked = "".join(f"g{n:03},5,ring\n" for n in range(100, 104))
    (tmp_path / "labels.csv").write_text(f"id,score,word\n{liked}{dull}")
    report = json.loads(run("label", "gals", "--csv", str(tmp_path / "labels.csv"), "--user", "ann", "--json")[1])
    assert report == {"table": "gals_labels", "added": 12, "changed": 0, "labels": 13, "images": 13}
    code, out, err = run("anomalies", "gals", "--top", "119", "--unlabelled", "-o", str(tmp_path / "next.csv"))
    assert code == 0
    assert "13 labelled; version 3 of gals" in err
    with (tmp_path / "next.csv").open() as file:
        found = list(csv.DictReader(file))
    assert len(found) == 107
    assert not {odd, "g100"} & {row["id"] for row in found}
    wanted = json.loads(run("anomalies", "gals", "--strategy", "predicted", "--top", "20", "--json")[1])["anomalies"]
    # The third kind, that of the liked images.
    assert {row["id"] for row in wanted} == {f"g{number:03}" for number in range(94, 114)}
    scores = [float(row["anomaly_reranked"]) for row in found]
    assert scores == sorted(scores, reverse=True)
    assert list(found[0])[:6] == ["rank", "id", "anomaly_forest", "anomaly_neighbours", "anomaly", "anomaly_reranked"]
    assert [version.action for version in gals.info("gals").versions] == [
        "images",
        "anomalies",
        "anomalies",
        "anomalies",
    ]


def test_scores_stay_with_their_images_when_others_are_added(run: Run, gals: Store, tmp_path: Path) -> None:
    assert run("anomalies", "gals")[0] == 0
    before = json.loads(run("sql", "SELECT id, anomaly FROM gals ORDER BY id", "--format", "json")[1])["rows"]
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "new.png")
    assert run("images", "add", str(tmp_path / "new.png"), "--collection", "gals")[0] == 0
    after = json.loads(run("sql", "SELECT id, anomaly FROM gals ORDER BY id", "--format", "json")[1])["rows"]
    assert after == [*before, ["new", None]]
    answer = json.loads(run("anomalies", "gals", "--top", "130", "--json")[1])
    assert (answer["images"], answer["left_out"], len(answer["anomalies"])) == (120, 1, 120)


def test_taxonomy_with_votes_map_and_montage(run: Run, gals: Store, tmp_path: Path, make_table: object) -> None:
    assert callable(make_table)
    ids = [f"g{number:03}" for number in range(IMAGES)]
    # Of the first kind (54 of 120 images) volunteers say smooth, of all others featured.
    counts = [(36, 4) if number < 54 else (3, 37) for number in range(IMAGES)]
    make_table(
        "votes", id=ids, ra=[0.0] * IMAGES, dec=[0.0] * IMAGES,
        t01_smooth_or_features_a01_smooth_count=[smooth for smooth, _ in counts],
        t01_smooth_or_features_a02_features_or_disk_count=[features for _, features in counts],
        t01_smooth_or_features_a03_star_or_artifact_count=[0] * IMAGES,
    )  # fmt: skip
    files = tmp_path / "map.png", tmp_path / "kinds.png"
    arguments = ("taxonomy", "gals", "--votes", "votes", "--map", str(files[0]), "--montage", str(files[1]))
    code, out, _ = run(*arguments, "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["images"], answer["clustered"]) == (120, 120)
    first = answer["clusters"][0]
    assert (first["cluster"], first["medoid"]) == (0, first["typical"][0])
    assert {int(name[1:]) < 54 for name in first["typical"]} == {True}
    smooth = next(one for one in first["votes"] if (one["feature"], one["kind"]) == ("smooth", "joint"))
    assert smooth["fraction"] == pytest.approx(0.9)
    assert smooth["collection_galaxies"] == 120
    assert 0 <= first["stability"] <= 1 and answer["adjusted_rand"]["resamples"] == 10
    for path in files:
        with Image.open(path) as picture:
            assert picture.format == "PNG" and min(picture.size) > 100
    code, out, err = run("taxonomy", "gals", "--votes", "votes", "--projection", "pca")
    assert code == 0
    assert "smooth 90%" in out and "(adjusted Rand index)" in out
    assert "version 3 of gals" in err and "no votes" not in err
    only_first = {name: [0] for name in ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact")}
    counts_of = {f"t01_smooth_or_features_{name}_count": values for name, values in only_first.items()}
    make_table("elsewhere", id=["x"], ra=[0.0], dec=[0.0], **counts_of)
    code, _, err = run("taxonomy", "gals", "--votes", "elsewhere", "--projection", "pca")
    assert (code, "elsewhere has too few votes on these images" in err) == (0, True)
    named = json.loads(run("describe", "gals", "--json")[1])
    described = {column["name"]: column["description"] for column in named["columns"]}
    assert all(described[name] for name in ("cluster", "cluster_probability", "map_x", "map_y"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("anomalies", "nothing"), "no table 'nothing'"),
        (("anomalies", "gals", "--strategy", "best"), "'best' is not one of"),
        (("taxonomy", "nothing"), "no table 'nothing'"),
        (("taxonomy", "gals", "--votes", "nothing"), "no table 'nothing'"),
        (("taxonomy", "gals", "--votes", "gals"), "gals holds no votes"),
        (("label", "gals"), "give an id with a score"),
        (("label", "gals", "g001"), "give an id with a score"),
        (("label", "gals", "g001", "7"), "score 7 of image 'g001' is not between 0 and 5"),
        (("label", "gals", "g999", "1"), "gals has no image 'g999'"),
        (("label", "gals", "g001", "1", "--csv", "x.csv"), "either an image with its score, or a file"),
        (("label", "nothing", "g001", "1"), "no table 'nothing'"),
    ],
)
def test_wrong_questions(run: Run, gals: Store, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err.replace("\n", " ") or message.split()[-1] in err
    assert gals.info("gals").version.version == 1
