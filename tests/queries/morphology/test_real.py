"""The published votes on Stripe 82: Galaxy Zoo 2, table 5 of Willett et al. 2013."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries import Sky
from skyband.queries.morphology import (
    Cuts,
    MorphologyOptions,
    Votes,
    collection_of,
    explain,
    interpret,
    neighbourhood_of,
    statistics_sql,
)
from skyband.schema.columns import Column
from skyband.schema.session import Session, session
from skyband.schema.store import Store

pytestmark = pytest.mark.real

GALAXIES = 12_858


@pytest.fixture
def stripe(real_data: Path, store: Store) -> Path:
    path = real_data / "galaxy_zoo" / "gz2_stripe82_coadd_table5.parquet"
    assert ingest(store, [path], IngestOptions(table="stripe", survey="gz2_hart16")).rows_kept == GALAXIES
    return path


def test_the_tables_own_fractions_and_totals_are_those_of_the_tree(stripe: Path, empty_session: Session) -> None:
    rows = pq.read_table(stripe)
    empty_session.connection.register("rows", rows)
    kinds = {"int64": "BIGINT", "double": "DOUBLE", "large_string": "VARCHAR"}
    columns = [Column(field.name, kinds[str(field.type)]) for field in rows.schema]
    votes = Votes.of_columns("rows", "rows", columns, "objid")
    assert (votes.tree.name, len(votes.tasks)) == ("gz2", 11)
    shares = {
        f"{task.name}_{answer.name}": f"coalesce({votes.share('votes', task.name, [answer.name])}, 0)"
        for task in votes.tasks
        for answer in task.answers
    }
    total = " + ".join(votes.votes(task.name) for task in votes.tasks)
    pairs = [(share, f"{name}_fraction") for name, share in shares.items()]
    [(alike, correlations, votes_off, volunteers_off)] = empty_session.connection.execute(
        f"SELECT [{', '.join(f'avg((abs({own} - {told}) < 6e-4)::INTEGER)' for own, told in pairs)}], "
        f"[{', '.join(f'corr({own}, {told})' for own, told in pairs)}], max(abs({total} - total_votes)), "
        f"max(abs({votes.votes('t01_smooth_or_features')} - total_classifications)) FROM rows"
    ).fetchall()
    # Published with three digits, and weighted: half of the galaxies had volunteers with a weight below 1.
    assert all(share > 0.5 for share in alike)
    assert min(correlations) > 0.8 and float(np.mean(correlations)) > 0.95
    assert (votes_off, volunteers_off) == (0, 0)


def test_spirals_have_more_votes_for_each_volunteer(stripe: Path, store: Store) -> None:
    with Sky(store.path) as sky:
        votes = Votes.of(sky.table("stripe"))
        sql, cuts = statistics_sql(votes, Cuts())
        found = explain(votes, cuts, sky.sql(sql).to_arrow().to_pylist())
    rows = pq.read_table(stripe).to_pandas()
    start = rows["t01_smooth_or_features_a02_features_or_disk_debiased"] >= 0.430
    spirals = rows[
        start
        & (rows["t02_edgeon_a05_no_debiased"] >= 0.715)
        & (rows["t04_spiral_a08_spiral_debiased"] >= 0.619)
        & (rows["t04_spiral_a08_spiral_count"] >= 20)
    ]
    assert cuts.measure == "debiased"
    row = next(row for row in found.rows if (row["class"], row["quantity"]) == ("spiral", "total_votes"))
    described = spirals["total_votes"].describe()
    assert [row[name] for name in ("count", "mean", "std", "min", "q1", "median", "q3", "max")] == pytest.approx(
        described.tolist(), rel=1e-12
    )
    assert 3 < found.votes_per_classification["smooth"] < 4 < 7 < found.votes_per_classification["spiral"] < 9


def test_neighbours_that_are_spirals_are_told_from_random_ones(stripe: Path, store: Store) -> None:
    with session(store.tables_folder, store.settings) as opened:
        votes = Votes.of(opened.tables["stripe"])
        collection = collection_of(opened.connection, votes, MorphologyOptions(measure="votes"))
        table = pq.read_table(stripe, columns=["objid", "t04_spiral_a08_spiral_count"]).to_pandas()
        rng = np.random.default_rng(1)

        def near(ids: pa.Array) -> pa.Table:
            return pa.table({"id": ids.astype(str), "similarity": rng.uniform(0.6, 0.9, len(ids))})

        arms = table[table["t04_spiral_a08_spiral_count"] >= 12]["objid"].to_numpy()
        spirals = neighbourhood_of(opened.connection, near(rng.choice(arms, 40, replace=False)), collection)
        chance = neighbourhood_of(
            opened.connection, near(rng.choice(table["objid"].to_numpy(), 40, replace=False)), collection
        )
    assert (spirals.neighbours, spirals.with_votes, spirals.collection_galaxies) == (40, 40, GALAXIES)
    assert spirals.fraction("spiral", "joint").verdict(spirals.options) == "more"
    assert spirals.fraction("smooth").verdict(spirals.options) == "less"
    assert {f.verdict(chance.options) for f in chance.fractions if f.kind == "joint"} == {"as"}
    assert "more often" in interpret(spirals).paragraph and "more often" not in interpret(chance).paragraph
    # Stripe 82 is a strip on the equator.
    assert spirals.sky is not None
    assert abs(spirals.sky.collection.dec or 90) < 1.3
