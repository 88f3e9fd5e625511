"""A simulated sky in the store: its files simulated and ingested like any survey's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skyband.ingest.pipeline import IngestOptions, IngestReport, ingest
from skyband.ingest.simulate.columns import LIGHT_CURVES
from skyband.ingest.simulate.sky import simulate_sky
from skyband.schema.errors import TableExists
from skyband.schema.progress import OnProgress
from skyband.schema.store import Store

TABLES = ("sim_optical", "sim_nir", "sim_mir", "sim_astrometry", "sim_truth")


def ingest_simulated(
    store: Store,
    *,
    rows: int,
    seed: int,
    light_curve_share: float = 0.0,
    replace_tables: bool = False,
    command: str = "",
    progress: OnProgress = lambda done, total: None,
) -> Iterator[IngestReport]:
    """Simulate `rows` true objects and ingest the four surveys and the truth; one report a table, as it is done.

    With a `light_curve_share` of the sky (0 to 1) there are light curves too. The Parquet files stay in
    `raw/simulated` of the store.

    Raises:
        TableExists: one of the tables is there and `replace_tables` is not set.
    """
    tables = TABLES + ((LIGHT_CURVES,) if light_curve_share else ())
    there = [name for name in tables if store.has(name)]
    if there and not replace_tables:
        raise TableExists(f"the store has {', '.join(there)} already; give --replace to simulate anew")
    files = simulate_sky(
        store.path / "raw" / "simulated",
        rows=rows,
        seed=seed,
        progress=lambda done: progress(done, rows),
        light_curve_share=light_curve_share,
    )
    options = IngestOptions(table="", mode="replace" if replace_tables else "create", command=command)
    for name in tables:
        yield ingest(store, [files.paths[name]], replace(options, table=name, survey=name))
