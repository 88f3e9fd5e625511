"""Real cutouts of galaxies: all of them are images, and none is taken for a hostile file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skyband.queries.images import Pixels, Thumbnails
from skyband.schema.store import Store
from tests.ingest.images.conftest import Add

pytestmark = pytest.mark.real

Ask = Callable[..., list[tuple[Any, ...]]]


def test_all_real_cutouts_come_in(real_data: Path, add: Add, rows: Ask, store: Store) -> None:
    folder = real_data / "galaxy_images"
    report = add(folder / "gz_examples", collection="examples")
    assert (report.added, dict(report.rejected)) == (403, {})
    with (folder / "gz_examples_images.csv").open() as file:
        listed = {row["image_id"] for row in csv.DictReader(file)}
    assert {id_ for (id_,) in rows("SELECT id FROM examples")} == listed
    assert rows("SELECT DISTINCT format, width, height FROM examples") == [("jpeg", 256, 256)]
    assert Thumbnails(store, "examples").count() == 403


def test_ids_of_galaxy_zoo_2_are_asset_ids(real_data: Path, add: Add, rows: Ask, store: Store) -> None:
    folder = real_data / "galaxy_images"
    report = add(folder / "gz2_samples" / "*.jpg", collection="samples")
    assert (report.added, dict(report.rejected)) == (59, {})
    with (folder / "gz2_samples_labels.csv").open() as file:
        listed = {row["asset_id"] for row in csv.DictReader(file)}
    found = rows("SELECT id, source, checksum FROM samples")
    assert {id_ for id_, _, _ in found} == listed
    with Pixels(store) as pixels:
        for _, source, checksum in found[:10]:
            with Image.open(source) as image:
                assert np.array_equal(pixels.picture(source, checksum), np.asarray(image.convert("RGB")))
