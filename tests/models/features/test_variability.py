"""Variability indices against numpy."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from skyband.models.features import FeatureOptions, feature_table
from skyband.models.features.light_curves import keys_sql
from skyband.queries import Sky
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.store import Store
from skyband.schema.writer import write_table
from tests.conftest import MakeTable

NAMES = ("object_id", "band", "mjd", "mag", "mag_error")


def publish_curves(store: Store, name: str, frame: pd.DataFrame, columns: dict[str, Column] | None = None) -> None:
    with write_table(store, name) as writer:
        writer.connection.register("given", pa.Table.from_pandas(frame, preserve_index=False))
        writer.connection.execute("CREATE TABLE new.main.data AS FROM given")
        writer.publish(action="test", command="", columns=columns or {})


def curve(rng: np.random.Generator, number: int, points: int) -> pd.DataFrame:
    """Some nights, one to three measurements in each, in bands at random."""
    night = np.sort(rng.integers(0, 200, points))
    return pd.DataFrame(
        {
            "object_id": number,
            "band": rng.choice(["g", "r", "i"], points, p=[0.5, 0.45, 0.05]),
            "mjd": 59_000 + night + np.round(rng.uniform(0, 0.3, points), 4),
            "mag": 18 + rng.normal(0, rng.uniform(0.01, 0.5), points),
            "mag_error": rng.uniform(0.01, 0.1, points),
        }
    ).sort_values(["mjd", "band"], ignore_index=True)


def indices(frame: pd.DataFrame) -> dict[str, float]:
    """The indices of a light curve, written out."""
    chi2 = freedom = 0.0
    amplitudes, excess = [], []
    deltas = np.full(len(frame), np.nan)
    best: dict[str, Any] = {}
    for _, rows in sorted(frame.groupby("band")):
        mag, error, time = (rows[name].to_numpy() for name in ("mag", "mag_error", "mjd"))
        n = len(rows)
        if n > best.get("n", 0):
            at = int(np.argmin(mag))
            peak, span = mag[at], mag.max() - mag.min()
            best = {
                "n": n,
                "asymmetry": (np.median(mag) - peak) / span if span else np.nan,
                "rise": (mag[0] - peak) / (time[at] - time[0]) if at else np.nan,
                "fall": (mag[-1] - peak) / (time[-1] - time[at]) if at < n - 1 else np.nan,
            }
        if n == 1:
            continue
        mean = np.average(mag, weights=error**-2)
        chi2 += (((mag - mean) / error) ** 2).sum()
        freedom += n - 1
        amplitudes.append(np.ptp(mag))
        # Vaughan et al. (2003), eqs. 6 and 8, in flux
        flux = 10 ** (-0.4 * (mag - 18))
        flux_error = flux * error * np.log(10) * 0.4
        excess.append((n, (flux.var(ddof=1) - (flux_error**2).mean()) / flux.mean() ** 2))
        # Stetson (1996), eq. 2
        deltas[rows.index] = np.sqrt(n / (n - 1)) * (mag - mean) / error
    kept = frame.assign(delta=deltas).dropna(subset="delta")
    products, place = [], 0
    delta, time = kept.delta.to_numpy(), kept.mjd.to_numpy()
    while place < len(kept):
        if place + 1 < len(kept) and time[place + 1] - time[place] <= 0.5:
            products.append(delta[place] * delta[place + 1])
            place += 2
        else:
            products.append(delta[place] ** 2 - 1)
            place += 1
    p = np.array(products)
    weights = np.array([n for n, _ in excess], float)
    return {
        "lc_points": len(frame),
        "lc_span_days": frame.mjd.max() - frame.mjd.min(),
        "lc_amplitude_mag": max(amplitudes, default=np.nan),
        "lc_excess_variance": np.dot(weights, [v for _, v in excess]) / weights.sum() if len(weights) else np.nan,
        "lc_chi2_reduced": chi2 / freedom if freedom else np.nan,
        "lc_asymmetry": best["asymmetry"],
        "lc_rise_mag_per_day": best["rise"],
        "lc_fall_mag_per_day": best["fall"],
        "lc_stetson_j": (np.sign(p) * np.sqrt(np.abs(p))).mean() if len(p) else np.nan,
    }


def test_indices_are_those_of_the_papers(store: Store, make_table: MakeTable) -> None:
    rng = np.random.default_rng(21)
    curves = {number: curve(rng, number, int(points)) for number, points in enumerate(rng.integers(1, 60, 80))}
    curves[0] = curve(rng, 0, 1)  # one point
    make_table("stars", id=list(range(81)), ra=[10.0] * 81, dec=[0.0] * 81)
    shuffled = pd.concat(list(curves.values())).sample(frac=1, random_state=1)
    bad = shuffled.head(3).assign(mag=[np.nan, 15.0, 15.0], mag_error=[0.1, 0.0, np.nan])
    publish_curves(store, "curves", pd.concat([shuffled, bad]))
    with Sky(store.path) as sky:
        table = feature_table(sky, "stars", FeatureOptions(groups=("variability",), light_curves="curves"))
        found = table.rows().to_pandas().set_index("id").sort_index()
    expected = pd.DataFrame({number: indices(rows) for number, rows in curves.items()}).T
    assert found.loc[80, list(expected)].isna().all()
    for name in expected:
        np.testing.assert_allclose(found.loc[:79, name], expected[name], rtol=2e-5, atol=1e-5, err_msg=name)
    assert (expected.notna().sum() > 60).all()


def test_the_brightest_point_is_the_earliest_of_equals_and_comes_first_at_its_time(
    store: Store, make_table: MakeTable
) -> None:
    mjd = [0.0, 1.0, 1.0, 4.0, 6.0, 6.0, 9.0, 9.0]
    mag = [18.0, 17.0, 16.0, 16.0, 16.0, 17.5, 19.0, 17.0]
    make_table("stars", id=[1], ra=[1.0], dec=[1.0])
    frame = pd.DataFrame({"object_id": 1, "band": "g", "mjd": mjd, "mag": mag, "mag_error": 0.1})
    publish_curves(store, "curves", frame)
    publish_curves(store, "backwards", frame[::-1])
    names = ("lc_rise_mag_per_day", "lc_fall_mag_per_day")
    with Sky(store.path) as sky:
        for curves in ("curves", "backwards"):
            table = feature_table(sky, "stars", FeatureOptions(features=names, light_curves=curves))
            # From 18 at 0 d to 16 at 1 d, and from there to 19 at 9 d.
            assert [row[2:] for row in table.rows().rows()] == [(2.0, 0.375)]


def test_surveys_have_the_same_order_in_every_process(store: Store, make_table: MakeTable) -> None:
    publish_curves(store, "curves", curve(np.random.default_rng(2), 7, 3).assign(survey="x"))
    with Sky(store.path) as sky:
        curves = sky.table("curves")
        for name in "abcdefgh":
            info = replace(make_table(name, id=[7], ra=[1.0], dec=[1.0]), survey="d")
            sql, _ = keys_sql(info, curves, None, "true")
            assert re.findall("'(.)' AS survey", sql) == sorted({name, "d"})


def test_columns_are_found_by_what_is_said_of_them(store: Store, make_table: MakeTable) -> None:
    frame = curve(np.random.default_rng(2), 7, 30)
    renamed = frame.set_axis(["star", "passband", "when", "brightness", "doubt"], axis=1)
    ucds = ("meta.id.cross", "instr.filter", "time.epoch", "phot.mag", "stat.error;phot.mag")
    described = {name: Column(name, "", ucd=ucd) for name, ucd in zip(renamed, ucds, strict=True)}
    publish_curves(store, "plain", frame)
    publish_curves(store, "described", renamed, described)
    publish_curves(store, "bare", renamed)
    make_table("stars", id=["x"], ra=[1.0], dec=[1.0], number=pa.array([7]))
    with Sky(store.path) as sky:
        rows = [
            feature_table(sky, "stars", FeatureOptions(groups=("variability",), light_curves=name, curves_of="number"))
            .rows()
            .rows()
            for name in ("plain", "described")
        ]
        assert rows[0] == rows[1] and rows[0][0][2] == 30
        with pytest.raises(BadTable, match="'bare' has no light curves: no column of the object_id was found, by UCD"):
            feature_table(sky, "stars", FeatureOptions(light_curves="bare", curves_of="number"))
        with pytest.raises(BadOption, match="name the column that has them with --curves-of"):
            feature_table(sky, "stars", FeatureOptions(light_curves="plain"))
        with pytest.raises(BadOption, match="--curves-of nothing: table 'stars' has no such column"):
            feature_table(sky, "stars", FeatureOptions(light_curves="plain", curves_of="nothing"))


def test_objects_have_the_light_curves_of_their_members(sky: Sky) -> None:
    table = feature_table(sky, "objects", FeatureOptions(features=("lc_points",), light_curves="sim_light_curves"))
    found = dict(row[::2] for row in table.rows().rows())
    expected = sky.sql(
        "WITH counts AS (SELECT survey, object_id, count(*) AS n FROM sim_light_curves GROUP BY ALL) "
        "SELECT o.object_id, greatest(c.n, d.n), d.n FROM objects o "
        "LEFT JOIN counts c ON c.survey = 'sim_optical' AND c.object_id = o.sim_optical_id "
        "LEFT JOIN counts d ON d.survey = 'sim_astrometry' AND d.object_id = o.sim_astrometry_id"
    ).rows()
    assert sum(row[1] is not None for row in expected) > 2000 and sum(row[2] is not None for row in expected) > 10
    assert found == {row[0]: row[1] for row in expected}


def test_a_survey_alone_has_its_own_light_curves(sky: Sky) -> None:
    table = feature_table(sky, "sim_optical", FeatureOptions(features=("lc_points",), light_curves="sim_light_curves"))
    total = sum(row[2] or 0 for row in table.rows().rows())
    [(expected,)] = sky.sql("SELECT count(*) FROM sim_light_curves WHERE survey = 'sim_optical'").rows()
    assert total == expected
