"""Embedding runs: what they write, and what becomes of them when they are broken off."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from skyband.ingest.images import AddOptions, add_images
from skyband.models.embedding import run
from skyband.models.embedding.run import embed
from skyband.models.encoders.embedded import EmbeddedEncoder
from skyband.models.encoders.encoder import encode
from skyband.queries import Sky
from skyband.queries.images import decode
from skyband.queries.likeness import Collection, LikenessOptions
from skyband.schema.errors import BadOption, BadTable, TableNotFound
from skyband.schema.store import Store
from tests.conftest import publish_rows


@pytest.fixture(scope="module")
def encoder() -> EmbeddedEncoder:
    return EmbeddedEncoder(device="cpu", views=1)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve blobs of different shapes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(12):
        draw_blob(folder / f"b{number:02}.png", number)
    return folder


def draw_blob(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[-1:1:80j, -1:1:80j]
    light = np.exp(-(rows**2 / rng.uniform(0.02, 0.2) + columns**2 / rng.uniform(0.02, 0.2)))
    pixels = np.clip(200 * light[:, :, None] + rng.normal(10, 3, (80, 80, 3)), 0, 255)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def add(store: Store, folder: Path) -> None:
    add_images(store, [str(folder)], AddOptions(collection="blobs"))


def vectors(store: Store) -> dict[str, Any]:
    table = Collection.open(store, "blobs").columns(["id", "embedding"])
    return dict(zip(table["id"].to_pylist(), table["embedding"].to_numpy(), strict=True))


def test_every_image_has_the_vector_of_its_picture(store: Store, pictures: Path, encoder: EmbeddedEncoder) -> None:
    add(store, pictures)
    told: list[tuple[int, int | None]] = []
    report = embed(store, "blobs", encoder, batch_images=5, on_progress=lambda done, total: told.append((done, total)))
    assert (report.embedded, report.unchanged, report.failed) == (12, 0, {})
    assert told == [(5, 12), (10, 12), (12, 12)]
    found = vectors(store)
    assert sorted(found) == [f"b{number:02}" for number in range(12)]
    for name, vector in found.items():
        [direct] = encode(encoder, [decode((pictures / f"{name}.png").read_bytes())])
        np.testing.assert_allclose(vector, direct, atol=1e-5)
    assert Collection.open(store, "blobs").provenance == encoder.provenance


def test_only_what_is_new_or_other_is_encoded_again(store: Store, pictures: Path, encoder: EmbeddedEncoder) -> None:
    add(store, pictures)
    embed(store, "blobs", encoder)
    before = vectors(store)
    draw_blob(pictures / "b03.png", 99)
    draw_blob(pictures / "b12.png", 12)
    add(store, pictures)
    report = embed(store, "blobs", encoder)
    assert (report.embedded, report.unchanged) == (2, 11)
    after = vectors(store)
    assert set(after) - set(before) == {"b12"}
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"b03"}
    assert embed(store, "blobs", encoder).embedded == 0


def test_positions_that_come_later_reach_the_vectors(store: Store, pictures: Path, encoder: EmbeddedEncoder) -> None:
    """Or neighbours at the target's own position would be taken for others."""
    add(store, pictures)
    embed(store, "blobs", encoder)
    before = vectors(store)
    lines = [f"b00,{pictures}/b00.png,10,20,0.4", f"b01,{pictures}/b01.png,10.001,20,0.4"]
    listed = pictures.parent / "list.csv"
    listed.write_text("\n".join(["id,path,ra,dec,pixel_scale", *lines]))
    add_images(store, [str(listed)], AddOptions(collection="blobs"))
    report = embed(store, "blobs", encoder)
    assert (report.embedded, report.updated, report.unchanged) == (0, 2, 10)
    collection = Collection.open(store, "blobs")
    rows = collection.columns(["id", "ra", "dec", "pixel_scale", "healpix_29"]).sort_by("id").to_pylist()
    assert [tuple(row.values())[:4] for row in rows[:3]] == [
        ("b00", 10.0, 20.0, 0.4), ("b01", 10.001, 20.0, 0.4), ("b02", None, None, None),
    ]  # fmt: skip
    assert [row["healpix_29"] is None for row in rows] == [False] * 2 + [True] * 10
    after = vectors(store)
    for name, vector in before.items():
        np.testing.assert_allclose(after[name], vector, atol=1e-6)
    found = collection.similar(collection.targets(["b00"]), LikenessOptions(k=11))
    assert (found.table.num_rows, found.dropped.same_position) == (10, 1)
    assert embed(store, "blobs", encoder).unchanged == 12


def test_images_that_are_gone_or_changed_are_counted(store: Store, pictures: Path, encoder: EmbeddedEncoder) -> None:
    add(store, pictures)
    (pictures / "b00.png").unlink()
    draw_blob(pictures / "b01.png", 77)
    report = embed(store, "blobs", encoder)
    assert report.embedded == 10
    assert sum(report.failed.values()) == 2
    assert report.failed["changed"] == 1
    assert set(vectors(store)) == {f"b{number:02}" for number in range(2, 12)}


def test_vectors_of_another_origin_are_refused(store: Store, pictures: Path, encoder: EmbeddedEncoder) -> None:
    add(store, pictures)
    embed(store, "blobs", encoder)
    with pytest.raises(BadTable, match="of another origin: views is 8 and not 1"):
        embed(store, "blobs", EmbeddedEncoder(device="cpu", views=8))


def test_only_collections_of_images_are_embedded(store: Store, encoder: EmbeddedEncoder) -> None:
    publish_rows(store, "stars", id=[1], ra=[10.0], dec=[0.0])
    with pytest.raises(BadTable, match="'stars' is no collection of images"):
        embed(store, "stars", encoder)
    with pytest.raises(TableNotFound, match="galaxies"):
        embed(store, "galaxies", encoder)


def test_a_run_that_was_killed_goes_on_to_the_same_collection(
    store: Store, pictures: Path, encoder: EmbeddedEncoder
) -> None:
    add(store, pictures)
    environment = os.environ | {"SKYBAND_STORE": str(store.path), "SKYBAND_LIKENESS_BATCH_ROWS": "2"}
    command = [
        sys.executable,
        "-m",
        "skyband.server",
        "embed",
        "blobs",
        "--batch",
        "2",
        "--views",
        "1",
        "--device",
        "cpu",
    ]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    has_some = until(
        lambda: running.poll() is not None or ("blobs" in Collection.names(store) and len(vectors(store)) > 1)
    )
    assert has_some
    running.send_signal(signal.SIGKILL)
    running.communicate()
    begun = vectors(store)
    assert begun
    report = embed(replace_batch(store), "blobs", encoder, batch_images=3)
    assert report.unchanged == len(begun)
    assert report.embedded == 12 - len(begun)
    whole = vectors(store)
    for name, vector in whole.items():
        [direct] = encode(encoder, [decode((pictures / f"{name}.png").read_bytes())])
        np.testing.assert_allclose(vector, direct, atol=1e-5)
    assert len(whole) == 12


def replace_batch(store: Store) -> Store:
    return Store.open(replace(store.settings, likeness_batch_rows=3))


def until(condition: Callable[[], bool], *, tries: int = 6000) -> bool:
    for _ in range(tries):
        if condition():
            return True
        threading.Event().wait(0.01)
    return False


def projected(store: Store, encoder: EmbeddedEncoder, pictures: Path, name: str) -> Any:
    """The vector of a picture by the projection that lies in the store."""
    [path] = (store.path / "vectors").glob("blobs.*.safetensors")
    stored = load_file(path)
    [plain] = encode(encoder, [decode((pictures / f"{name}.png").read_bytes())])
    along = (plain - stored["mean"]) @ stored["axes"].T
    return along / np.linalg.norm(along)


@pytest.mark.parametrize("sample", [4096, 7])
def test_vectors_can_be_projected_to_their_principal_components(
    store: Store, pictures: Path, encoder: EmbeddedEncoder, sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SAMPLE_IMAGES", sample)
    add(store, pictures)
    told: list[tuple[int, int | None]] = []
    report = embed(store, "blobs", encoder, pca=4, on_progress=lambda done, total: told.append((done, total)))
    assert (report.embedded, told[-1]) == (12, (12, 12))
    assert report.projection is not None
    assert (report.projection.dimensions, report.projection.images) == (4, min(sample, 12))
    assert 0.3 < report.projection.explained <= 1
    collection = Collection.open(store, "blobs")
    assert collection.provenance == replace(encoder.provenance, pca=report.projection.digest, dimensions=4)
    found = vectors(store)
    assert len(found) == 12
    for name, vector in found.items():
        np.testing.assert_allclose(vector, projected(store, encoder, pictures, name), atol=1e-4)


def test_the_sample_of_a_projection_is_chosen_by_the_hash_of_ids(
    store: Store, pictures: Path, encoder: EmbeddedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SAMPLE_IMAGES", 7)
    add(store, pictures)
    embed(store, "blobs", encoder, pca=4)
    names = sorted((f"b{number:02}" for number in range(12)), key=lambda name: hashlib.sha256(name.encode()).digest())
    chosen = encode(encoder, [decode((pictures / f"{name}.png").read_bytes()) for name in names[:7]])
    [path] = (store.path / "vectors").glob("blobs.*.safetensors")
    np.testing.assert_allclose(load_file(path)["mean"], chosen.mean(axis=0), atol=1e-5)


def test_later_runs_project_without_being_told(store: Store, pictures: Path, encoder: EmbeddedEncoder) -> None:
    add(store, pictures)
    first = embed(store, "blobs", encoder, pca=4)
    draw_blob(pictures / "b12.png", 12)
    add(store, pictures)
    second = embed(store, "blobs", encoder)
    assert (second.embedded, second.unchanged) == (1, 12)
    assert second.projection is not None and first.projection is not None
    assert second.projection.digest == first.projection.digest
    np.testing.assert_allclose(vectors(store)["b12"], projected(store, encoder, pictures, "b12"), atol=1e-4)
    assert embed(store, "blobs", encoder, pca=4).unchanged == 13


def test_projected_vectors_are_not_mixed_with_others(store: Store, pictures: Path, encoder: EmbeddedEncoder) -> None:
    add(store, pictures)
    embed(store, "blobs", encoder, pca=4)
    with pytest.raises(BadTable, match="are projected to 4 dimensions and cannot be mixed with those of --pca 5"):
        embed(store, "blobs", encoder, pca=5)
    Collection.drop(store, "blobs")
    assert list((store.path / "vectors").glob("*.safetensors")) == []
    embed(store, "blobs", encoder)
    with pytest.raises(BadTable, match="are not projected and cannot be mixed with those of --pca 4; leave --pca out"):
        embed(store, "blobs", encoder, pca=4)


def test_a_projection_that_cannot_be_leaves_nothing_behind(
    store: Store, pictures: Path, encoder: EmbeddedEncoder
) -> None:
    add(store, pictures)
    with pytest.raises(BadOption, match="--pca 12: the vectors of 12 images differ in 11 dimensions only"):
        embed(store, "blobs", encoder, pca=12)
    assert Collection.names(store) == []
    assert list((store.path / "vectors").glob("*.safetensors")) == []
    embed(store, "blobs", encoder, pca=3)
    store.drop("blobs")
    assert list((store.path / "vectors").glob("blobs*")) == []


def test_positions_come_along(store: Store, pictures: Path, tmp_path: Path, encoder: EmbeddedEncoder) -> None:
    listing = tmp_path / "list.csv"
    lines = [f"{pictures}/b{number:02}.png,b{number:02},{number * 10},{number - 5}" for number in range(12)]
    listing.write_text("path,id,ra,dec\n" + "\n".join(lines))
    add_images(store, [str(listing)], AddOptions(collection="blobs"))
    embed(store, "blobs", encoder)
    found = Collection.open(store, "blobs").columns(["id", "ra", "dec", "width", "format"]).sort_by("id").to_pylist()
    assert found[4] == {"id": "b04", "ra": 40.0, "dec": -1.0, "width": 80, "format": "png"}
    with Sky(store.path) as sky:
        [(near, sep_arcsec)] = sky.sql("SELECT id, sep_arcsec FROM similar('b04', 1)").rows()
    assert near != "b04"
    assert sep_arcsec > 3600
