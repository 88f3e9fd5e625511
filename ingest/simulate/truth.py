"""The true sky of one chunk and its table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from skyband.ingest.simulate.columns import CLASSES
from skyband.ingest.simulate.galaxies import fill_clusters, fill_galaxies, fill_quasars
from skyband.ingest.simulate.loci import band
from skyband.ingest.simulate.objects import SUBTYPES, Objects
from skyband.ingest.simulate.stars import COMPANION_SHARE, fill_companions, fill_stars
from skyband.ingest.simulate.tables import build_table, nullable, rounded, words
from skyband.ingest.simulate.transients import fill_transients

SHARES: Mapping[str, float] = {
    "star": 0.480,
    "giant": 0.080,
    "white_dwarf": 0.020,
    "brown_dwarf": 0.010,
    "galaxy": 0.310,
    "quasar": 0.070,
    "cluster": 0.005,
    "transient": 0.025,
}
"""Share of each class among the true objects, on average."""


def make_objects(rng: np.random.Generator, rows: int) -> Objects:
    """Draw `rows` true objects in random order."""
    counts = rng.multinomial(rows, [SHARES[name] for name in CLASSES])
    ends = dict(zip(CLASSES, np.cumsum(counts).tolist(), strict=True))
    starts = {name: ends[name] - int(count) for name, count in zip(CLASSES, counts, strict=True)}
    objects = Objects.blank(rows)
    parts = {name: objects.part(starts[name], ends[name]) for name in CLASSES}

    single = len(parts["star"]) - int(COMPANION_SHARE * len(parts["star"]))
    singles = parts["star"].part(0, single)
    fill_stars(rng, singles, "star")
    fill_companions(rng, parts["star"].part(single, len(parts["star"])), singles, starts["star"])
    fill_stars(rng, parts["giant"], "giant")
    hydrogen = int(0.8 * len(parts["white_dwarf"]))
    fill_stars(rng, parts["white_dwarf"].part(0, hydrogen), "white_dwarf_da")
    fill_stars(rng, parts["white_dwarf"].part(hydrogen, len(parts["white_dwarf"])), "white_dwarf_db")
    fill_stars(rng, parts["brown_dwarf"], "brown_dwarf")
    fill_clusters(rng, parts["cluster"])
    fill_galaxies(rng, parts["galaxy"], parts["cluster"], starts["cluster"])
    fill_quasars(rng, parts["quasar"])
    fill_transients(rng, parts["transient"], parts["galaxy"], starts["galaxy"])
    return objects.shuffled(rng)


def truth_table(objects: Objects, first_id: int, ids: Mapping[str, pa.Array]) -> pa.Table:
    """The table of true objects; `ids` holds the identifiers in the four surveys, NULL where not seen."""
    n = len(objects)
    number = np.arange(first_id, first_id + n)
    return build_table(
        "sim_truth",
        {
            "true_id": number,
            "class": words(CLASSES, objects.kind),
            "subtype": words(SUBTYPES, objects.subtype),
            "ra": objects.ra,
            "dec": objects.dec,
            "pmra": objects.pmra,
            "pmdec": objects.pmdec,
            "parallax": objects.parallax,
            "redshift": objects.redshift,
            "teff": rounded(objects.teff, 0),
            "mag_r": rounded(objects.magnitudes[band("r")], 3),
            "parent_id": nullable(first_id + objects.parent.astype(np.int64), objects.parent >= 0),
            **ids,
        },
    )
