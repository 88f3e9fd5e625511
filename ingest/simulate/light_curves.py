"""`sim_light_curves`: how sources of the optical and the astrometric survey vary, in g and r.

Some fields of the sky are visited again and again for half a year around the epoch of the survey. Everything there
that is bright enough has a light curve: that there is one says nothing of the class.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skyband.ingest.simulate.columns import ASTROMETRY_EPOCH, LIGHT_CURVE_SCHEMA, LINKS, OPTICAL_EPOCH
from skyband.ingest.simulate.loci import Bools, Indices, band
from skyband.ingest.simulate.objects import Objects
from skyband.ingest.simulate.observe import magnitude_errors
from skyband.ingest.simulate.tables import rounded
from skyband.ingest.simulate.variation import variations

VISITS = 24
SPAN_DAYS = 180.0
DEPTH_MAG = (21.0, 20.8)
"""5 sigma limits in g and r: nothing fainter is measured."""
_BLUE_FACTOR = 1.25  # changes in g over those in r
_FLOOR_MAG = 0.012
_WORST_MAG = 0.3  # a worse measurement is none
_FIELD_ORDER = 4  # HEALPix order of the fields: 13 square degrees
_SLICE = 20_000  # objects at once
_MJD_J2000 = 51_544.5
_EPOCHS = {"sim_optical": OPTICAL_EPOCH, "sim_astrometry": ASTROMETRY_EPOCH}


def observe_light_curves(
    rng: np.random.Generator,
    objects: Objects,
    first_id: int,
    share: float,
    surveys: Mapping[str, pa.Table],
    places: Mapping[str, Indices],
) -> pa.Table:
    """The light curves of a chunk.

    Args:
        rng: source of random numbers.
        objects: of the chunk.
        first_id: number of its first object.
        share: of the sky that is visited, 0 to 1.
        surveys: tables of the chunk.
        places: of their sources among the objects. A source that both surveys have is known by its optical id.
    """
    left = _visited(objects, share)
    tables = [LIGHT_CURVE_SCHEMA.empty_table()]
    for survey, epoch in _EPOCHS.items():
        found = np.flatnonzero(left[places[survey]])
        ids = surveys[survey].column(LINKS[survey][1])
        left[places[survey]] = False
        for start in range(0, found.size, _SLICE):
            rows = found[start : start + _SLICE]
            index = places[survey][rows]
            tables.append(_measure(rng, objects, index, survey, epoch, ids.take(rows), first_id))
    return pa.concat_tables(tables)


def _visited(objects: Objects, share: float) -> Bools:
    """Objects in the fields that are visited, and bright enough to be seen at times."""
    import healpy  # heavy: only where there are light curves

    fields = healpy.ang2pix(2**_FIELD_ORDER, objects.ra, objects.dec, nest=True, lonlat=True)
    draw = (fields.astype(np.uint64) * np.uint64(2_654_435_761)) % np.uint64(2**32)
    bright: Bools = objects.magnitudes[band("r")] < DEPTH_MAG[1] + 0.5
    bright &= draw < share * 2**32
    return bright


def _measure(
    rng: np.random.Generator,
    objects: Objects,
    index: Indices,
    survey: str,
    epoch: float,
    ids: pa.ChunkedArray,
    first_id: int,
) -> pa.Table:
    n = index.size
    chosen = objects.taken(index)
    days = SPAN_DAYS * ((np.arange(VISITS) + rng.random((n, VISITS))) / VISITS - 0.5)
    change = variations(rng, chosen, days)
    mean = chosen.magnitudes[[band("g"), band("r")]].T[:, None, :]
    true = mean + change[:, :, None] * np.array([_BLUE_FACTOR, 1.0])
    depth = np.array(DEPTH_MAG)
    error = magnitude_errors(true.astype(np.float32), depth.astype(np.float32), _FLOOR_MAG)
    mag = true + error * rng.standard_normal(true.shape)
    seen = ((error < _WORST_MAG) & (mag < depth)).ravel()
    mjd = _MJD_J2000 + (epoch - 2000.0) * 365.25 + days[:, :, None] + np.array([0.0, 0.02])
    number = (first_id + index)[:, None] * (2 * VISITS) + np.arange(2 * VISITS)
    source = np.repeat(np.arange(n), 2 * VISITS)[seen]
    bands = pa.DictionaryArray.from_arrays(pa.array(np.tile([0, 1], n * VISITS)[seen].astype(np.int8)), ["g", "r"])
    return pa.table(
        [
            pa.array(number.ravel()[seen]),
            pa.array(np.full(source.size, survey)),
            pc.take(ids, pa.array(source)),
            pa.array(rounded(mjd.ravel()[seen], 5)),
            bands.cast(pa.string()),
            pa.array(rounded(mag.ravel()[seen].astype(np.float32), 3)),
            pa.array(rounded(error.ravel()[seen].astype(np.float32), 4)),
        ],
        schema=LIGHT_CURVE_SCHEMA,
    )
