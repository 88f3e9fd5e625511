"""Two seeded catalogues of one sky, as Parquet: 60 % of the sources in a galactic plane,
half of the left rows with a true partner on the right.

    python skies.py FOLDER LEFT_ROWS RIGHT_ROWS

makes FOLDER/left.parquet and FOLDER/right.parquet in chunks, so that memory does not grow with the rows, and
FOLDER/manifest.json. A folder whose manifest asks for the same is left as it is.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

GENERATOR = 1  # counts changes of what is generated
SEED = 20_240_801
CHUNK_ROWS = 1_000_000
PLANE_SHARE = 0.6
PLANE_WIDTH_DEG = 5.0  # 1 sigma in galactic latitude
SCATTER_ARCSEC = {"left": 0.15, "right": 0.2}  # 1 sigma in each direction; 0.25 between the two

Doubles = NDArray[np.float64]


def make_skies(folder: Path, left_rows: int, right_rows: int) -> None:
    """Make the two catalogues, or find that they are there."""
    manifest = {"generator": GENERATOR, "seed": SEED, "left": left_rows, "right": right_rows}
    note = folder / "manifest.json"
    if note.exists() and json.loads(note.read_text()) == manifest:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = {
        side: pq.ParquetWriter(folder / f"{side}.parquet", SCHEMA, compression="snappy") for side in SCATTER_ARCSEC
    }
    for side, rows in chunks(left_rows, right_rows):
        files[side].write_table(rows)
    for file in files.values():
        file.close()
    note.write_text(json.dumps(manifest))


SCHEMA = pa.schema(
    [
        ("source_id", pa.int64()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("ra_error", pa.float32()),
        ("dec_error", pa.float32()),
        ("pmra", pa.float64()),
        ("pmdec", pa.float64()),
        ("phot_g_mean_mag", pa.float32()),
        ("phot_bp_mean_mag", pa.float32()),
        ("phot_rp_mean_mag", pa.float32()),
    ]
)


def chunks(left_rows: int, right_rows: int) -> Iterator[tuple[str, pa.Table]]:
    """The rows of both catalogues by turns; chunk i depends on the seed and i alone."""
    totals = {"left": left_rows, "right": right_rows, "pairs": min(left_rows // 2, right_rows)}
    count = -(-max(left_rows, right_rows) // CHUNK_ROWS)
    for number in range(count):
        random = np.random.default_rng([SEED, number])
        first, end = ({name: total * k // count for name, total in totals.items()} for k in (number, number + 1))
        shared = vectors(random, end["pairs"] - first["pairs"])
        for side, sigma in SCATTER_ARCSEC.items():
            own = vectors(random, end[side] - first[side] - len(shared))
            yield side, catalogue(random, scatter(random, np.concatenate([shared, own]), sigma), first[side])


def vectors(random: np.random.Generator, rows: int) -> Doubles:
    """Unit vectors (ICRS) of a galactic plane over a uniform sky."""
    longitude = random.uniform(0, 2 * np.pi, rows)
    latitude = np.arcsin(random.uniform(-1, 1, rows))
    plane = random.random(rows) < PLANE_SHARE
    latitude[plane] = np.radians(np.clip(random.normal(0, PLANE_WIDTH_DEG, plane.sum()), -90, 90))
    flat = np.cos(latitude)
    galactic = np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=1)
    return galactic @ TO_ICRS


TO_ICRS: Doubles = SkyCoord([0, 90, 0], [0, 0, 90], unit="deg", frame="galactic").icrs.cartesian.xyz.value.T
"""Rows are the galactic axes in ICRS, so that `galactic @ TO_ICRS` rotates row vectors."""


def scatter(random: np.random.Generator, directions: Doubles, sigma_arcsec: float) -> Doubles:
    """The vectors with an error of position, the same in each direction at every declination."""
    moved = directions + random.normal(0, np.radians(sigma_arcsec / 3600), directions.shape)
    length: Doubles = np.linalg.norm(moved, axis=1, keepdims=True)
    return moved / length


def catalogue(random: np.random.Generator, directions: Doubles, first_row: int) -> pa.Table:
    """Positions with ids, errors, proper motions and magnitudes."""
    rows = len(directions)
    magnitude = random.normal(18, 2, rows)
    colour = random.normal(1, 0.4, rows)
    columns = [
        10**15 + first_row + random.permutation(rows),
        np.degrees(np.arctan2(directions[:, 1], directions[:, 0])) % 360,
        np.degrees(np.arctan2(directions[:, 2], np.hypot(directions[:, 0], directions[:, 1]))),
        random.gamma(2, 0.1, rows),
        random.gamma(2, 0.1, rows),
        random.normal(0, 5, rows),
        random.normal(0, 5, rows),
        magnitude,
        magnitude + 0.4 * colour,
        magnitude - 0.6 * colour,
    ]
    arrays = [pa.array(values).cast(field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return pa.table(arrays, schema=SCHEMA)


if __name__ == "__main__":
    make_skies(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
