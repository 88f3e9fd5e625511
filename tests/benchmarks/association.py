"""Matches with probabilities: what they cost beside plain ones, and beside NWAY."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.table import Table

from bench import Bench, short
from matching import RADIUS_ARCSEC, TABLES
from report import Measurement, check, quotient

COMPLETENESS = 0.9
"""NWAY weighs a counterpart with its completeness c against 1 for none; skyband with its share s against 1 - s."""
SHARE = COMPLETENESS / (1 + COMPLETENESS)
PAIR_RADIUS_ARCSEC, GROUP_RADIUS_ARCSEC = 10.0, 3.0
PER_DEG2 = 5_555.0
WHOLE_ROWS = 10_800_000
"""Left rows of the run the figures are meant for; with fewer, all problems shrink alike."""
ERRORS_ARCSEC = {"x": 1.2, "o": 0.2, "a": 0.3, "b": 0.2, "c": 0.4, "d": 0.5}


def association(bench: Bench) -> None:
    """Errors, motions, probabilities and a false rate beside the plain match; two and four tables beside NWAY."""
    _beside_plain(bench)
    _two_tables(bench)
    _four_tables(bench)


def _beside_plain(bench: Bench) -> None:
    job = f"best match of {bench.rows} rows within {RADIUS_ARCSEC:g} arcsec, plain and with probabilities"
    inputs, store = bench.inputs(bench.rows), bench.work / "association"
    files = {table: str(inputs.parquet(side)) for side, table in TABLES.items()}
    bench.run(
        "tasks.ingest_files",
        store=store,
        files=files,
        epochs={TABLES["left"]: 2016.0, TABLES["right"]: 2015.0},
        roles={"ra_error": "ra_error:arcsec", "dec_error": "dec_error:arcsec"},
    )
    plain = bench.measure(
        job, "skyband, plain best", "tasks.match", describe=lambda answer: f"{answer['pairs']:,} pairs", store=store,
        **TABLES, radius_arcsec=RADIUS_ARCSEC, find="best1", wide=False, again=False,
    )  # fmt: skip
    ours = _skyband(
        bench, job, "skyband, errors, motions, probabilities, false rate", store, list(TABLES.values()), RADIUS_ARCSEC,
        find="best1",
    )  # fmt: skip
    bench.checks.append(check("association: time / time of the plain match", "<=", 4, quotient(ours, plain)))
    bench.checks.append(check("association: peak memory, GB", "<", 6, ours.peak_gb))


def _two_tables(bench: Bench) -> None:
    """Counterparts of many faint sources for few badly placed ones, all candidates."""
    faint, lone = scaled(bench, 5_000_000), scaled(bench, 200_000)
    job = f"all counterparts of {short(lone)} among {short(faint)} rows within {PAIR_RADIUS_ARCSEC:g} arcsec"
    sky = _Sky(bench, "two", faint, {"x": lone / faint, "o": 1.0})
    ours = _skyband(
        bench, job, "skyband", sky.store, ["x", "o"], PAIR_RADIUS_ARCSEC, find="all",
        save=str(sky.folder / "ours.parquet"), floor_arcsec=0.0, completeness=SHARE, area_deg2=sky.area_deg2,
    )  # fmt: skip
    theirs = _nway(bench, job, sky, ["x", "o"], PAIR_RADIUS_ARCSEC)
    bench.checks.append(
        check("association: time of NWAY / time, two tables", ">=", 5, quotient(theirs, ours), missing=theirs.result)
    )
    largest = _largest_difference(sky) if theirs.seconds is not None and ours.seconds is not None else None
    bench.checks.append(
        check(
            "association: largest difference of p_any and p_i from NWAY",
            "<",
            1e-3,
            largest,
            "{:.1e}",
            missing=theirs.result,
        )
    )


def _four_tables(bench: Bench) -> None:
    """The same objects in four tables, some missing in each."""
    shares = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6}
    for objects, with_nway in ((scaled(bench, 1_000_000), False), (scaled(bench, 20_000), True)):
        job = f"groups of {short(objects)} objects in four tables within {GROUP_RADIUS_ARCSEC:g} arcsec"
        sky = _Sky(bench, "four-nway" if with_nway else "four", objects, shares)
        ours = _skyband(bench, job, "skyband", sky.store, list(shares), GROUP_RADIUS_ARCSEC, find="best")
        if not with_nway:
            bench.checks.append(check("association: four tables, s", "<", 60, ours.seconds))
            continue
        theirs = _nway(bench, job, sky, list(shares), GROUP_RADIUS_ARCSEC)
        what = "association: time of NWAY / time, four tables"
        bench.checks.append(check(what, ">=", 1, quotient(theirs, ours), missing=theirs.result))


def _skyband(
    bench: Bench, job: str, label: str, store: Path, tables: list[str], radius_arcsec: float, **options: Any
) -> Measurement:
    return bench.measure(
        job,
        label,
        "tasks.associate_tables",
        describe=lambda answer: f"{answer['rows']:,} rows, {answer['contamination']:.2%} false",
        store=store,
        tables=tables,
        radius_arcsec=radius_arcsec,
        **options,
    )


def _nway(bench: Bench, job: str, sky: _Sky, tables: list[str], radius_arcsec: float) -> Measurement:
    found = bench.python_with("nway")
    if found is None:
        return bench.keep(Measurement(job, "NWAY", result="not installed: no nway (see SKYBAND_BENCH_PEERS)"))
    python, installed = found
    return bench.measure(
        job,
        f"NWAY {installed}, FITS to FITS",
        "peers.nway_match",
        describe=lambda answer: f"{answer['rows']:,} rows, those without a counterpart among them",
        python=python,
        program=str(Path(python).with_name("nway.py")),
        files=[str(sky.fits(table)) for table in tables],
        radius_arcsec=radius_arcsec,
        completeness=COMPLETENESS,
        save=str(sky.folder / "nway.fits"),
    )


class _Sky:
    """Objects on a square of sky, and what tables see of them, as files and in a store."""

    def __init__(self, bench: Bench, name: str, objects: int, shares: dict[str, float]) -> None:
        self.folder = bench.work / name
        self.store = self.folder / "store"
        self.area_deg2 = objects / PER_DEG2
        self.folder.mkdir(parents=True)
        random = np.random.default_rng(1)
        side = np.sqrt(self.area_deg2)
        dec = 2 + random.uniform(-0.5, 0.5, objects) * side
        ra = 150 + random.uniform(-0.5, 0.5, objects) * side
        for table, share in shares.items():
            seen = np.flatnonzero(random.uniform(size=objects) < share)
            error = ERRORS_ARCSEC[table] * random.uniform(0.5, 1.5, len(seen))
            dec_seen = dec[seen] + random.normal(size=len(seen)) * error / 3600
            ra_seen = ra[seen] + random.normal(size=len(seen)) * error / 3600 / np.cos(np.radians(dec_seen))
            columns = {"ID": seen, "RA": ra_seen, "DEC": dec_seen, "pos_err": error}
            pq.write_table(pa.table(columns), self.folder / f"{table}.parquet")
            file = fits.BinTableHDU(Table(columns), name=table.upper())
            file.header["SKYAREA"] = self.area_deg2
            file.writeto(self.fits(table))
        bench.run(
            "tasks.ingest_files",
            store=self.store,
            files={table: str(self.folder / f"{table}.parquet") for table in shares},
            roles={"pos_error": "pos_err:arcsec"},
        )

    def fits(self, table: str) -> Path:
        return self.folder / f"{table}.fits"


def _largest_difference(sky: _Sky) -> float:
    """Between the probabilities of all pairs; 1 where one has a pair the other has not."""
    ours = pq.read_table(sky.folder / "ours.parquet", columns=["x_id", "o_id", "p_any", "p_i"])
    with fits.open(sky.folder / "nway.fits") as file:
        rows = file[1].data
        rows = rows[rows["O_ID"] >= 0]
        theirs = [np.asarray(rows[name]).astype(float) for name in ("X_ID", "O_ID", "p_any", "p_i")]
    mine = [ours[name].to_numpy().astype(float) for name in ours.column_names]
    mine, theirs = ([column[np.lexsort((side[1], side[0]))] for column in side] for side in (mine, theirs))
    if len(mine[0]) != len(theirs[0]) or any((a != b).any() for a, b in zip(mine[:2], theirs[:2], strict=True)):
        return 1.0
    return float(max(np.abs(a - b).max() for a, b in zip(mine[2:], theirs[2:], strict=True)))


def scaled(bench: Bench, rows: int) -> int:
    """Rows of a problem, in proportion to those the run was asked for."""
    return max(2_000, 1_000 * round(rows * min(1.0, bench.rows.left / WHOLE_ROWS) / 1_000))
