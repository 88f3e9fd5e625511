"""What speaks against the figures of an association is said, and nothing where all is well."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries.association import AssociationOptions, Offsets, associate, associate_many, doubts_about
from skyband.schema.columns import Column
from skyband.schema.store import Store
from tests.queries.association.conftest import ERROR, MakeField, scattered


def doubts(store: Store, options: AssociationOptions) -> list[str]:
    return doubts_about(asdict(associate(store, options).counts), asdict(options))


def stored(claimed: float, chance: float, error: float, **tuning: Any) -> dict[str, Any]:
    """Counts with one cut."""
    cut = {
        "least_probability": 0.0, "rows": 100_000, "contamination": claimed, "chance_contamination": chance,
        "chance_error": error,
    }  # fmt: skip
    known = {
        "pairs": 500, "floor_fitted": True, "scatter": 1.0, "offset_ra_arcsec": 0.0, "offset_dec_arcsec": 0.0,
        "offset_error_arcsec": 0.01,
    }  # fmt: skip
    return {"least_probability": 0.0, "calibration": {"cuts": [cut]}, "tuning": known | tuning, "without_epoch": {}}


@pytest.mark.parametrize(
    ("claimed", "chance", "error", "is_doubtful"),
    [
        (0.047, 0.0034, 0.0002, True),
        (0.0034, 0.047, 0.0002, True),
        (0.047, 0.040, 0.0002, False),  # less than 20 %
        (0.004, 0.0001, 0.0001, False),  # less than 0.5 %
        (0.05, 0.02, 0.011, False),  # less than 3 sigma
        (0.05, 0.02, 0.009, True),
    ],
)
def test_false_rates_that_contradict_each_other(claimed: float, chance: float, error: float, is_doubtful: bool) -> None:
    found = doubts_about(stored(claimed, chance, error), {})
    assert [doubt.startswith("false rates contradict each other: ") for doubt in found] == [True] * is_doubtful


def test_few_pairs_may_be_other_than_they_are_said_to_be() -> None:
    counts = stored(0.02, 0.01, 0.0002)
    assert len(doubts_about(counts, {})) == 1
    counts["calibration"]["cuts"][0]["rows"] = 800  # 16 false pairs are 16 or 4
    assert doubts_about(counts, {}) == []


@pytest.mark.parametrize(("shift_arcsec", "is_doubtful"), [(0.0, False), (0.3, True)])
def test_a_displacement_that_is_left_in_is_told(
    store: Store, make_table: Any, shift_arcsec: float, is_doubtful: bool
) -> None:
    rng = np.random.default_rng(33)
    n = 4000
    ra, dec, error = rng.uniform(10, 14, n), rng.uniform(-2, 2, n), np.full(n, 0.05)
    for name, shift in (("a", 0.0), ("b", shift_arcsec)):
        seen = scattered(rng, ra, dec, error)
        make_table(name, id=list(range(n)), ra=seen[0], dec=seen[1] + shift / 3600, pos_error=error * 1000,
                   metadata=[ERROR])  # fmt: skip
    found = doubts(store, AssociationOptions(tables=("a", "b"), n_sigma=5.0, into="m"))
    assert any("displaced by 0.30" in doubt for doubt in found) == is_doubtful
    taken = AssociationOptions(tables=("a", "b"), n_sigma=5.0, into="m", replace=True, offsets=Offsets.CONSTANT)
    assert doubts(store, taken) == []


def test_the_table_that_moves_should_lead(store: Store, make_table: Any) -> None:
    motions = [Column(name, "", unit="mas.yr**-1", role=name) for name in ("pmra", "pmdec")]
    make_table("stars", id=[1], ra=[10.0], dec=[0.0], pos_error=[9.0], pmra=[1.0], pmdec=[1.0], epoch=2000.0,
               metadata=[ERROR, *motions])  # fmt: skip
    for name in ("plates", "films"):
        make_table(name, id=[1], ra=[10.0], dec=[0.0], pos_error=[9.0], epoch=1950.0, metadata=[ERROR])
    for tables, warned in ((("stars", "plates", "films"), 0), (("plates", "stars", "films"), 1)):
        options = AssociationOptions(tables=tables, radius_arcsec=1.0, into="m", floor_arcsec=0.01, replace=True)
        found = doubts_about(asdict(associate_many(store, options).counts), asdict(options))
        assert sum("give stars first" in doubt for doubt in found) == warned


@pytest.mark.parametrize(("scatter", "is_doubtful"), [(0.69, True), (0.71, False), (1.39, False), (1.41, True)])
def test_a_scatter_that_errors_do_not_explain(scatter: float, is_doubtful: bool) -> None:
    assert len(doubts_about(stored(0.0, 0.0, 0.001, scatter=scatter), {})) == is_doubtful


def test_tables_of_older_versions_say_less() -> None:
    counts = stored(0.0, 0.0, 0.001)
    del counts["without_epoch"], counts["tuning"]["scatter"]
    assert doubts_about(counts, {}) == []


@pytest.mark.parametrize(("per_deg2", "side_deg", "radius_arcsec"), [(2_000, 3.0, 5.0), (500_000, 0.2, 3.0)])
def test_nothing_is_doubted_where_all_is_well(
    make_field: MakeField, per_deg2: float, side_deg: float, radius_arcsec: float
) -> None:
    store = make_field(per_deg2, side_deg, a=(0.7, 0.3), b=(0.6, 0.6))
    assert doubts(store, AssociationOptions(tables=("a", "b"), radius_arcsec=radius_arcsec, into="m")) == []


def test_errors_with_wings_and_missing_epochs_are_told(store: Store, make_table: Any) -> None:
    rng = np.random.default_rng(3)
    n = 4000
    ra, dec = rng.uniform(20, 30, n), rng.uniform(-5, 5, n)
    error = np.full(n, 0.1)
    moving = [Column(name, "", unit="mas.yr**-1", role=name) for name in ("pmra", "pmdec")]
    make_table(
        "stars", id=list(range(n)), ra=ra, dec=dec, pos_error=error * 1000, pmra=rng.normal(0, 5, n),
        pmdec=rng.normal(0, 5, n), epoch=2000.0, metadata=[ERROR, *moving],
    )  # fmt: skip
    winged = np.where(rng.uniform(size=n) < 0.3, 0.35, error)
    seen = scattered(rng, ra, dec, np.hypot(winged, error))
    epochs = np.where(rng.uniform(size=n) < 0.05, np.nan, 2001.0)
    make_table(
        "plates", id=list(range(n)), ra=seen[0], dec=seen[1], pos_error=error * 1000,
        seen_at=[None if np.isnan(year) else year for year in epochs],
        metadata=[ERROR, Column("seen_at", "", unit="yr", role="epoch")],
    )  # fmt: skip
    asked = AssociationOptions(
        tables=("stars", "plates"), radius_arcsec=5.0, into="m", floor_arcsec=0.0, error_scale=1.0
    )
    found = doubts(store, asked)
    assert any("true pairs scatter by" in doubt for doubt in found)
    assert any("of the rows of plates have no epoch" in doubt for doubt in found)
    assert not any("rows of stars" in doubt for doubt in found)


@pytest.mark.real
def test_companions_in_ngc_188_are_doubted(real_data: Path, store: Store) -> None:
    folder = real_data / "xmatch_ngc188"
    ingest(store, [folder / "gaia_dr2.parquet"], IngestOptions(table="gaia", epoch=2015.5))
    ingest(store, [folder / "twomass_psc.parquet"], IngestOptions(table="twomass", survey="twomass_psc"))
    found = doubts(store, AssociationOptions(tables=("gaia", "twomass"), radius_arcsec=3.0, into="m"))
    assert [doubt[:36] for doubt in found] == ["false rates contradict each other: 2"]
