"""The same jobs done by others: one function a measured task, run as `python peers.py TASK JSON`.

Needs nothing of skyband, so that it runs in any interpreter that has the peer. `seconds` is the time of the operation
alone: interpreters and workers are up, catalogues loaded where a tool wants them in memory, and imported where it
wants its own layout. `again_s` is the time of a second run in the same process, when all code is loaded and compiled.
Every match is the nearest right row of each left row within `radius_arcsec`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Answer = dict[str, Any]

# Columns a pair table needs; peers that can leave the others on the disk do.
KEYS = ["source_id", "ra", "dec"]


def astropy_match(left: str, right: str, radius_arcsec: float) -> Answer:
    import pyarrow.parquet as pq
    from astropy.coordinates import SkyCoord

    catalogues = []
    for path in (left, right):
        rows = pq.read_table(path, columns=KEYS[1:])
        catalogues.append(SkyCoord(rows["ra"].to_numpy(), rows["dec"].to_numpy(), unit="deg"))
    began = time.perf_counter()
    _, separation, _ = catalogues[0].match_to_catalog_sky(catalogues[1])
    seconds = time.perf_counter() - began
    sep_arcsec = separation.arcsec
    return pairs(sep_arcsec[sep_arcsec <= radius_arcsec]) | {"seconds": seconds}


def stilts_match(left: str, right: str, radius_arcsec: float, save: str, wide: bool, heap_gb: int) -> Answer:
    from astropy.io import fits

    command = ["stilts", f"-Xmx{heap_gb}g", "tmatch2", "matcher=sky", f"params={radius_arcsec}", "find=best1"]
    command += ["join=1and2", f"in1={left}", f"in2={right}", f"out={save}", "ofmt=fits", "progress=none"]
    command += ["values1=ra dec", "values2=ra dec"]
    command += [] if wide else ["ocmd=keepcols 'source_id_1 source_id_2 Separation ra_1 dec_1'"]
    began = time.perf_counter()
    finished = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    if finished.returncode:
        sys.exit(finished.stderr)
    with fits.open(save) as file:
        return pairs(file[1].data["Separation"]) | {"seconds": seconds}


def lsdb_import(parquet: str, folder: str) -> Answer:
    import lsdb
    import pandas as pd

    rows = pd.read_parquet(parquet)
    began = time.perf_counter()
    catalog = lsdb.from_dataframe(
        rows, ra_column="ra", dec_column="dec", catalog_name=Path(folder).name, partition_rows=1_000_000,
        margin_threshold=10.0,
    )  # fmt: skip
    catalog.write_catalog(folder, progress_bar=False)
    return {"seconds": time.perf_counter() - began}


def lsdb_match(left: str, right: str, radius_arcsec: float, save: str | None, wide: bool, workers: int) -> Answer:
    import lsdb
    from dask.distributed import Client

    def job() -> Any:
        catalogs = [lsdb.open_catalog(path, columns="all" if wide else KEYS) for path in (left, right)]
        matched = catalogs[0].crossmatch(
            catalogs[1], n_neighbors=1, radius_arcsec=radius_arcsec, suffixes=("_left", "_right"), log_changes=False
        )
        if save is None:
            return matched.compute()
        matched.write_catalog(save, catalog_name="pairs", overwrite=True, progress_bar=False)
        return lsdb.open_catalog(save, columns=["_dist_arcsec"])

    with Client(n_workers=workers, threads_per_worker=1, dashboard_address=None):
        found, times = twice(job)
        rows = found if save is None else found.compute()
    return pairs(rows["_dist_arcsec"].to_numpy()) | times


def acid_import(parquet: str, folder: str) -> Answer:
    from acid_cli import main

    # Its in-memory mode leaves out the key column that its own margin cache needs (0.6.1).
    options = ["--ra", "ra", "--dec", "dec", "--mode", "shuffle", "--progress", "off"]
    began = time.perf_counter()
    main(["import", "parquet", parquet, "--out", folder, *options])
    return {"seconds": time.perf_counter() - began}


def acid_match(left: str, right: str, radius_arcsec: float, save: str | None, wide: bool, workers: int) -> Answer:
    import acid
    import astropy.units as u

    def job() -> Any:
        catalogs = [connection.open(Path(path).name) for path in (left, right)]
        matched = catalogs[0].crossmatch(catalogs[1], radius=radius_arcsec * u.arcsec, dist_col="sep_arcsec")
        if not wide:
            matched = matched.select("source_id", "source_id_right", "sep_arcsec", "ra", "dec")
        return matched.to_arrow() if save is None else matched.save(save, overwrite=True)

    with acid.Connection(str(Path(left).parent), workers=workers, progress=False) as connection:
        # Starts the workers.
        connection.open(Path(left).name).head(1)
        found, times = twice(job)
        rows = found if save is None else found.select("sep_arcsec").to_arrow()
    return pairs(rows["sep_arcsec"].to_numpy()) | times


def nway_match(program: str, files: list[str], radius_arcsec: float, completeness: float, save: str) -> Answer:
    """All groups with their probabilities, FITS to FITS, each time in a new folder, where it keeps what it matched."""
    from astropy.io import fits

    command = [sys.executable, program, *(part for path in files for part in (path, ":pos_err"))]
    command += [f"--out={save}", "--radius", str(radius_arcsec), "--prior-completeness", str(completeness)]
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        finished = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        seconds = time.perf_counter() - began
    if finished.returncode:
        sys.exit(finished.stderr)
    with fits.open(save) as file:
        return {"rows": len(file[1].data), "seconds": seconds}


def duckdb_sort(parquet: str, database: str) -> Answer:
    """The floor of any ingest: DuckDB's own table of the same rows, sorted, written to disk."""
    import duckdb

    Path(database).unlink(missing_ok=True)
    began = time.perf_counter()
    with duckdb.connect(database) as connection:
        row = connection.execute(f"CREATE TABLE sky AS SELECT * FROM '{parquet}' ORDER BY ra").fetchone()
    return {"seconds": time.perf_counter() - began, "rows": row[0] if row else 0}


def csv_rows(parquet: str, path: str) -> Answer:
    """The rows as text without a head, for databases to copy."""
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    pc.write_csv(pq.read_table(parquet), path, pc.WriteOptions(include_header=False))
    return {}


def astropy_votable(parquet: str, rows: int, path: str, serialization: str) -> Answer:
    import pyarrow.parquet as pq
    from astropy.io.votable import from_table, writeto
    from astropy.table import Table

    columns = pq.read_table(parquet).slice(0, rows)
    table = Table({name: columns[name].to_numpy() for name in columns.column_names})
    began = time.perf_counter()
    writeto(from_table(table), path, tabledata_format=serialization)
    return {"seconds": time.perf_counter() - began, "rows": len(table), "bytes": Path(path).stat().st_size}


def twice(job: Callable[[], Any]) -> tuple[Any, Answer]:
    """Do a job, and do it again, in one session."""
    began = time.perf_counter()
    job()
    between = time.perf_counter()
    result = job()
    return result, {"seconds": between - began, "again_s": time.perf_counter() - between}


def pairs(sep_arcsec: Any) -> Answer:
    return {"pairs": len(sep_arcsec), "mean_sep_arcsec": float(sep_arcsec.mean())}


TASKS: dict[str, Callable[..., Answer]] = {
    task.__name__: task
    for task in (
        astropy_match,
        astropy_votable,
        stilts_match,
        lsdb_import,
        lsdb_match,
        acid_import,
        acid_match,
        nway_match,
        duckdb_sort,
        csv_rows,
    )
}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
