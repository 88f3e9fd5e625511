"""Discovery among real cutouts of eight surveys, whose experts said what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from skyband.ingest.images import AddOptions, add_images
from skyband.models.discovery.labels import Label, put_labels
from skyband.models.discovery.options import AnomalyOptions, TaxonomyOptions
from skyband.models.discovery.run import TaxonomyReport, find_anomalies, find_kinds
from skyband.models.embedding.run import embed
from skyband.models.encoders.embedded import EmbeddedEncoder
from skyband.models.evaluation.field_guide import Example, read_examples
from skyband.models.evaluation.neighbours import area_under_curve
from skyband.queries import Sky
from skyband.schema.store import Store
from tests.models.discovery.oddities import draw_oddities

Rows = Mapping[str, dict[str, Any]]
_KNOWN = 5
"""Examples of what is wanted that a person has to begin with."""
_LOOKED_AT = 15
"""Most unusual images that the person labels too."""


@dataclass
class Found:
    """What a person does with a collection, and what comes of it."""

    rows: Rows  # of the table, at the end
    oddities: set[str]
    wanted: set[str]  # images that are edge-on, as experts said
    labelled: set[str]
    kinds: TaxonomyReport
    examples: Mapping[str, Example]

    def ranks(self, names: set[str], column: str = "anomaly") -> list[int]:
        order = sorted(self.rows, key=lambda name: -self.rows[name][column])
        return sorted(order.index(name) + 1 for name in names)

    def purity(self) -> tuple[float, float]:
        """Share of images, smooth or spiral, that are as most of their cluster; the same if all were one cluster."""
        numbers = dict(zip(self.kinds.ids.to_pylist(), self.kinds.clusters.numbers, strict=True))
        known = {name: kind for name, one in self.examples.items() if (kind := _kind(one)) and numbers[name] >= 0}
        counts = [
            [
                sum(1 for name in known if numbers[name] == number and known[name] == kind)
                for kind in ("smooth", "spiral")
            ]
            for number in range(len(self.kinds.clusters))
        ]
        return sum(map(max, counts)) / len(known), max(map(sum, zip(*counts, strict=True))) / len(known)

    def prediction(self) -> float:
        """How well the predicted labels tell what is wanted among what nobody labelled."""
        rest = [name for name in self.rows if name not in self.labelled]
        score = np.array([self.rows[name]["label_predicted"] for name in rest])
        return area_under_curve(score, np.array([name in self.wanted for name in rest]))


def _kind(example: Example) -> str:
    smooth = example.says("simply smooth", "Smooth") or example.says("How rounded")
    spiral = example.says("sign of a spiral arm pattern", "Spiral") or example.says("How tightly wound")
    return "" if smooth == spiral else "smooth" if smooth else "spiral"


def discover(store: Store, data: Path, folder: Path, views: Literal[1, 8], every: int) -> Found:
    """A collection of some of the pictures and eight that are no galaxies; a person who wants edge-on galaxies."""
    pictures = data / "gz_examples"
    names = sorted(path.stem for path in pictures.glob("*.jpg"))[::every]
    labels = read_examples(pictures, data / "gz_examples_labels.csv")
    all_names = sorted(path.stem for path in pictures.glob("*.jpg"))
    assert len(labels) == len(all_names)
    examples = {name: one for name, one in zip(all_names, labels, strict=True) if name in set(names)}
    oddities = draw_oddities(folder)
    sources = [*(str(pictures / f"{name}.jpg") for name in names), str(folder)]
    add_images(store, sources, AddOptions(collection="examples"))
    embed(store, "examples", EmbeddedEncoder(device="cpu", views=views))
    wanted = {name for name, one in examples.items() if one.says("edge-on", "Yes")}
    with Sky(store.path) as sky:
        find_anomalies(sky, "examples", AnomalyOptions(), command="")
        looked_at = _most_unusual(sky, _LOOKED_AT)
        begin = sorted(wanted)[: min(_KNOWN, len(wanted) - 2)]
        labelled = {*begin, *looked_at}
        said = [Label(name, 5.0 if name in wanted else 0.0, "ann") for name in sorted(labelled)]
        put_labels(store, "examples", said, command="")
        find_anomalies(sky, "examples", AnomalyOptions(), command="")
        kinds = find_kinds(sky, "examples", TaxonomyOptions(map="pca"), command="")
        rows = {row["id"]: row for row in sky.sql("FROM examples").to_arrow().to_pylist()}
    return Found(rows, oddities, wanted, labelled, kinds, examples)


def _most_unusual(sky: Sky, count: int) -> Sequence[str]:
    return [name for (name,) in sky.sql(f"SELECT id FROM examples ORDER BY anomaly DESC, id LIMIT {count}").rows()]


@pytest.mark.real
@pytest.mark.slow
def test_all_examples_seen_from_eight_sides(store: Store, real_data: Path, tmp_path: Path) -> None:
    found = discover(store, real_data / "galaxy_images", tmp_path, views=8, every=1)
    trails = {name for name in found.oddities if "trail" in name}
    ranks = found.ranks(found.oddities - trails)
    purity, alone = found.purity()
    stability = found.kinds.stability
    print(f"\nranks of noise, blank frames and stars among {len(found.rows)}: {ranks}; of trails {found.ranks(trails)}")
    print(
        f"edge-on by predicted labels, AUC {found.prediction():.2f}; purity {purity:.2f}, of all together {alone:.2f}"
    )
    print(f"{len(found.kinds.clusters)} kinds, {found.kinds.noise_share:.2f} in none; {stability}")
    assert len(found.rows) == 411
    assert np.median(ranks) <= 10 and max(ranks) <= 60
    # A straight trail is an edge-on galaxy to the encoder: this is what it cannot do.
    assert found.prediction() > 0.6
    assert purity > alone + 0.1


@pytest.mark.real
def test_some_examples_seen_from_one_side(store: Store, real_data: Path, tmp_path: Path) -> None:
    found = discover(store, real_data / "galaxy_images", tmp_path, views=1, every=5)
    odd = {name for name in found.oddities if "trail" not in name}
    # By chance all six are there once in 250 times.
    assert max(found.ranks(odd)) < 0.4 * len(found.rows)
    purity, alone = found.purity()
    assert purity >= alone
