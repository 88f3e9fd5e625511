"""One chunk of a simulated sky: its true objects and what the four surveys make of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skyband.ingest.simulate.astrometry import observe_astrometry
from skyband.ingest.simulate.columns import LIGHT_CURVES, LINKS
from skyband.ingest.simulate.light_curves import observe_light_curves
from skyband.ingest.simulate.loci import Bools, Indices
from skyband.ingest.simulate.mir import observe_mir
from skyband.ingest.simulate.nir import observe_nir
from skyband.ingest.simulate.optical import observe_optical
from skyband.ingest.simulate.truth import make_objects, truth_table


@dataclass(slots=True)
class Chunk:
    """Tables of some of the true objects, and what it takes to drop a source from them."""

    tables: dict[str, pa.Table]
    name_keys: dict[str, NDArray[np.int64]]  # of the surveys whose names could be given twice
    places: dict[str, Indices]  # of the sources of those surveys among the true objects

    def keep(self, survey: str, wanted: Bools) -> None:
        """Drop the sources of a survey that are not wanted, and the links to them."""
        if wanted.all():
            return
        self.tables[survey] = self.tables[survey].filter(pa.array(wanted))
        truth, (link, _) = self.tables["sim_truth"], LINKS[survey]
        lost = np.zeros(truth.num_rows, np.bool_)
        lost[self.places[survey][~wanted]] = True
        column = truth.schema.get_field_index(link)
        ids = pc.if_else(pa.array(lost), pa.scalar(None, truth.schema.field(column).type), truth.column(column))
        self.tables["sim_truth"] = truth.set_column(column, link, ids)


def make_chunk(seed: int, number: int, first_id: int, rows: int, light_curve_share: float = 0.0) -> Chunk:
    """Simulate chunk `number`, whose objects are numbered from `first_id`: the same whoever makes it, and when.

    With a `light_curve_share` of the sky there are light curves too; everything else stays as it is without.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
    objects = make_objects(rng, rows)
    optical, optical_places = observe_optical(rng, objects, first_id)
    nir, nir_places, nir_keys = observe_nir(rng, objects, first_id)
    mir, mir_places, mir_keys = observe_mir(rng, objects)
    astrometry, astrometry_places = observe_astrometry(rng, objects, first_id)
    surveys = {"sim_optical": optical, "sim_nir": nir, "sim_mir": mir, "sim_astrometry": astrometry}
    places = {
        "sim_optical": optical_places,
        "sim_nir": nir_places,
        "sim_mir": mir_places,
        "sim_astrometry": astrometry_places,
    }
    ids = {link: _spread(surveys[name].column(key), places[name], rows) for name, (link, key) in LINKS.items()}
    curves = {}
    if light_curve_share:
        own = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number, 1])))
        curves[LIGHT_CURVES] = observe_light_curves(own, objects, first_id, light_curve_share, surveys, places)
    return Chunk(
        surveys | {"sim_truth": truth_table(objects, first_id, ids)} | curves,
        {"sim_nir": nir_keys, "sim_mir": mir_keys},
        {"sim_nir": nir_places, "sim_mir": mir_places},
    )


def _spread(identifiers: pa.ChunkedArray, places: Indices, rows: int) -> pa.Array:
    """The identifiers at their places among `rows` objects, NULL elsewhere."""
    source = np.full(rows, -1, np.int64)
    source[places] = np.arange(places.size)
    return identifiers.combine_chunks().take(pa.array(source, mask=source < 0))
