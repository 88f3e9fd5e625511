"""Bayes factors, probabilities and densities against formulas written down anew."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, associate, associate_many
from skyband.queries.association.density import measure_density
from skyband.queries.crossmatch import Find, Join
from skyband.schema.columns import Column
from skyband.schema.healpix import healpix_centers
from skyband.schema.session import Session
from skyband.schema.store import Store
from tests.queries.association.conftest import ERROR, MakeField

AREA_DEG2 = 0.25
COMPLETENESS = 0.45
ARCSEC = np.radians(1 / 3600)


@pytest.fixture(scope="module")
def field(make_field: MakeField) -> Store:
    """A field so crowded that most leading rows have several candidates."""
    return make_field(60_000, 0.5, seed=8, x=(0.1, 1.5), y=(0.8, 0.4), z=(0.5, 0.9), w=(0.4, 0.2))


def positions(store: Store, table: str) -> dict[str, Any]:
    with Sky(store.path) as sky:
        rows = sky.sql(f"SELECT id, ra, dec, pos_error / 1000 AS error FROM keys.{table}").to_arrow()
    return {name: np.asarray(rows[name]) for name in rows.column_names}


def bayes_factor(places: np.ndarray[Any, Any], errors: np.ndarray[Any, Any]) -> float:
    """Budavari & Szalay 2008, eq. 18: natural logarithm; unit vectors shape (n, 3), errors in radians."""
    weights = 1 / errors**2
    pairs = sum(
        weights[i] * weights[j] * ((places[i] - places[j]) ** 2).sum()
        for i, j in itertools.combinations(range(len(errors)), 2)
    )
    return float(
        (len(errors) - 1) * np.log(2) + np.log(weights).sum() - np.log(weights.sum()) - pairs / (2 * weights.sum())
    )


def within(lead_error: float, errors: np.ndarray[Any, Any], radius_arcsec: float) -> float:
    """The share of counterparts with such errors, arcsec, that lie within the radius: the mean over five of them."""
    typical = np.quantile(errors**2, (0.1, 0.3, 0.5, 0.7, 0.9))
    return float((1 - np.exp(-(radius_arcsec**2) / 2 / (lead_error**2 + typical))).mean())


def groups_by_hand(store: Store, tables: tuple[str, ...], radius_arcsec: float) -> dict[tuple[Any, ...], Any]:
    """(ids, None where a table has no member) -> ln_bayes, p_i, p_any: of leading rows with candidates in one table
    alone, or with one in each of two."""
    seen = [positions(store, table) for table in tables]
    skies = [SkyCoord(rows["ra"], rows["dec"], unit="deg") for rows in seen]
    near: list[list[list[int]]] = []
    for sky in skies[1:]:
        lead, other, _, _ = search_around_sky(skies[0], sky, radius_arcsec * u.arcsec)
        lists: list[list[int]] = [[] for _ in range(len(skies[0]))]
        for i, j in zip(lead, other, strict=True):
            lists[i].append(j)
        near.append(lists)
    vectors = [sky.cartesian.xyz.value.T for sky in skies]
    whole_sky = 4 * np.pi * np.degrees(1) ** 2
    counts = [len(rows["id"]) * whole_sky / AREA_DEG2 for rows in seen]
    unseen = (1 - COMPLETENESS) ** (len(tables) - 1)  # share of objects that no table but the first has

    def ln_bayes_of(members: list[tuple[int, int]]) -> float:
        places = np.array([vectors[k][j] for k, j in members])
        return bayes_factor(places, np.array([seen[k]["error"][j] for k, j in members]) * ARCSEC)

    found: dict[tuple[Any, ...], Any] = {}
    for row in range(len(skies[0])):
        candidates = [lists[row] for lists in near]
        asked = [number for number in candidates if number]
        if not asked or (len(asked) > 1 and [len(numbers) for numbers in asked] != [1, 1]):
            continue
        groups = []
        for members in itertools.product(*([None, *numbers] for numbers in candidates)):
            beside = [(k + 1, j) for k, j in enumerate(members) if j is not None]
            if not beside:
                continue
            ln_bayes = ln_bayes_of([(0, row), *beside])
            odds = np.exp(ln_bayes)
            for k, _ in beside:
                reached = within(seen[0]["error"][row], seen[k]["error"], radius_arcsec)
                # Against a source that no other table has.
                odds *= COMPLETENESS / (1 - COMPLETENESS * reached) / counts[k] * (1 - COMPLETENESS) / unseen
            ids = (seen[0]["id"][row], *(None if j is None else seen[k + 1]["id"][j] for k, j in enumerate(members)))
            groups.append((ids, ln_bayes, odds))
        other = 0.0
        if len(asked) == 2:  # both may be one other object
            beside = [(k + 1, numbers[0]) for k, numbers in enumerate(candidates) if numbers]
            rarest = min(counts[k] for k, _ in beside) / COMPLETENESS
            other = np.exp(ln_bayes_of(beside)) * rarest / np.prod([counts[k] for k, _ in beside])
            other *= COMPLETENESS**2 / unseen
        total = sum(odds for _, _, odds in groups)
        for ids, ln_bayes, odds in groups:
            found[ids] = (ln_bayes, odds / total, total / (1 + other + total))
    return found


def test_pairs_have_the_probabilities_of_the_formulas(field: Store) -> None:
    options = AssociationOptions(
        tables=("x", "y"), radius_arcsec=6.0, into="xy", find=Find.ALL, floor_arcsec=0.0, completeness=COMPLETENESS,
        area_deg2=AREA_DEG2,
    )  # fmt: skip
    report = associate(field, options)
    expected = groups_by_hand(field, ("x", "y"), 6.0)
    with Sky(field.path) as sky:
        rows = sky.sql("SELECT x_id, y_id, ln_bayes, p_i, p_any, p_match, sep_sigma, p_value FROM xy").rows()
    assert report.counts.pairs == len(rows) == len(expected) > 500
    for x_id, y_id, ln_bayes, p_i, p_any, p_match, sep_sigma, p_value in rows:
        by_hand = expected[x_id, y_id]
        assert (ln_bayes, p_i, p_any) == pytest.approx(by_hand, rel=1e-6, abs=1e-6)
        assert p_match == pytest.approx(p_i * p_any, rel=1e-9)
        assert p_value == pytest.approx(np.exp(-(sep_sigma**2) / 2), rel=1e-9)


def test_groups_of_four_tables_have_the_probabilities_of_the_formulas(field: Store) -> None:
    options = AssociationOptions(
        tables=("x", "y", "z", "w"), radius_arcsec=2.5, into="xyzw", find=Find.ALL, floor_arcsec=0.0,
        completeness=COMPLETENESS, area_deg2=AREA_DEG2,
    )  # fmt: skip
    associate_many(field, options)
    expected = groups_by_hand(field, options.tables, 2.5)
    with Sky(field.path) as sky:
        rows = sky.sql("SELECT x_id, y_id, z_id, w_id, ln_bayes, p_i, p_any, n_tables FROM xyzw").rows()
    compared = 0
    for *ids, ln_bayes, p_i, p_any, n_tables in rows:
        assert n_tables == sum(item is not None for item in ids)
        if by_hand := expected.pop(tuple(ids), None):
            compared += 1
            assert ln_bayes == pytest.approx(by_hand[0], rel=1e-5)
            # Other objects a hundred times less likely than chance are left out.
            assert (p_i, p_any) == pytest.approx(by_hand[1:], abs=0.005)
    assert compared > 500
    # Candidates that chance explains a billion times better are left out.
    assert all(p_i * p_any < 1e-6 for _, p_i, p_any in expected.values())


@pytest.mark.parametrize(
    ("per_deg2", "side_deg", "radius_arcsec", "tables"),
    [
        (20_000, 1.2, 10.0, {"a": (0.3, 2.0), "b": (0.5, 0.4), "c": (0.4, 0.8), "d": (0.2, 0.3)}),
        (120_000, 0.25, 3.0, {"a": (0.6, 0.7), "b": (0.6, 0.4), "c": (0.6, 0.5), "d": (0.4, 0.4)}),
    ],
)
def test_groups_have_the_probabilities_they_are_said_to_have(
    make_field: MakeField,
    per_deg2: float,
    side_deg: float,
    radius_arcsec: float,
    tables: dict[str, tuple[float, float]],
) -> None:
    """Against the truth; candidates beside a leading row are often one other object that all other tables see, or
    several."""
    store = make_field(per_deg2, side_deg, seed=7, **tables)
    options = AssociationOptions(tables=("a", "b", "c", "d"), radius_arcsec=radius_arcsec, into="m", find=Find.ALL)
    report = associate_many(store, options)
    with Sky(store.path) as sky:
        found = sky.sql(
            "SELECT p_match, p_any, left_rank, m.b_id IS NOT DISTINCT FROM b.id AND m.c_id IS NOT DISTINCT FROM c.id "
            "AND m.d_id IS NOT DISTINCT FROM d.id AS is_true, coalesce(b.id, c.id, d.id) IS NOT NULL AS has_any "
            "FROM m LEFT JOIN b ON b.id = a_id LEFT JOIN c ON c.id = a_id LEFT JOIN d ON d.id = a_id"
        ).to_arrow()
    p_match, p_any, rank, is_true, has_any = (np.asarray(column) for column in found.columns)
    best = rank == 1
    for p, true in ((p_match, is_true), (p_any[best], has_any[best])):
        for decile in range(10):
            inside = (p >= decile / 10) & (p < decile / 10 + 0.1 if decile < 9 else p <= 1)
            noise = np.sqrt((p[inside] * (1 - p[inside])).sum()) / max(inside.sum(), 1)
            assert true[inside].mean() == pytest.approx(p[inside].mean(), abs=0.02 + 3 * noise), f"decile {decile}"
    for cut in report.counts.calibration.cuts:
        kept = best & (p_any >= cut.least_probability)
        lonely = int((~has_any[kept]).sum())
        if lonely > 100:
            assert cut.contamination == pytest.approx(lonely / kept.sum(), rel=0.2)
            assert cut.chance_contamination == pytest.approx(lonely / kept.sum(), rel=0.25)


def test_a_left_join_of_many_lists_every_leading_row_once(field: Store) -> None:
    options = AssociationOptions(tables=("x", "y", "z"), radius_arcsec=1.0, into="every", join=Join.LEFT, wide=True)
    report = associate_many(field, options)
    with Sky(field.path) as sky:
        [(rows, leads, alone)] = sky.sql(
            "SELECT count(*), count(DISTINCT x_id), count(*) FILTER (n_tables = 1 AND p_any IS NULL) FROM every"
        ).rows()
        [(x_rows,)] = sky.sql("SELECT count(*) FROM x").rows()
        names = [column.name for column in sky.table("every").columns]
    assert rows == leads == x_rows == report.counts.left_rows
    assert alone == x_rows - report.counts.left_matched > 0
    assert {"x_pos_error", "y_pos_error", "z_pos_error"} <= set(names)


def test_densities_are_those_of_the_place(store: Store, make_table: Any) -> None:
    """Half of the field has ten times the sources of the other half, and the edges are not taken for empty sky."""
    rng = np.random.default_rng(2)
    ra = np.concatenate([rng.uniform(10, 12, 4000), rng.uniform(12, 14, 40_000)])
    make_table("field", id=list(range(len(ra))), ra=ra, dec=rng.uniform(-1, 1, len(ra)))
    session = Session(store.tables_folder, store.settings)
    density = measure_density(session.connection, session.tables["field"])
    uniform = measure_density(session.connection, session.tables["field"], area_deg2=8.0)
    session.close()
    level = density.levels[0]
    lon, lat = healpix_centers(level.order, level.cells).T
    per_deg2 = level.per_arcsec2 * 3600**2
    inside = np.isin(level.cells, density.covered >> 2) & (np.abs(lat) < 1)
    for first, last, expected in ((10.0, 11.6, 1000), (12.4, 14.0, 10_000)):
        there = per_deg2[inside & (lon > first) & (lon < last)]
        assert there.mean() == pytest.approx(expected, rel=0.05)
    assert density.area_deg2 == pytest.approx(8.0, rel=0.1)
    lon, lat = healpix_centers(level.order + 1, density.covered).T
    assert ((np.abs(lat) < 1.1) & (lon > 9.9) & (lon < 14.1)).all()
    assert (uniform.levels[0].per_arcsec2 * 3600**2 == 44_000 / 8.0).all()


def test_the_look_of_counterparts_is_learnt(store: Store, make_table: Any) -> None:
    """Counterparts are bright: of two candidates equally near, the bright one wins only with the prior."""
    rng = np.random.default_rng(5)
    n = 3000
    ra, dec = rng.uniform(10, 12, n), rng.uniform(-1, 1, n)
    error = np.full(n, 300.0)
    make_table("left", id=list(range(n)), ra=ra, dec=dec, pos_error=error, metadata=[ERROR])
    faint_ra, faint_dec = ra + 1.0 / 3600, dec + 0.0
    others = 20_000
    make_table(
        "right",
        id=list(range(2 * n + others)),
        ra=np.r_[ra + rng.normal(size=n) * 0.4 / 3600, faint_ra[: n // 10], rng.uniform(10, 12, n - n // 10 + others)],
        dec=np.r_[dec, faint_dec[: n // 10], rng.uniform(-1, 1, n - n // 10 + others)],
        pos_error=np.full(2 * n + others, 300.0),
        mag=np.r_[rng.normal(18, 0.5, n), rng.normal(23, 0.5, n + others)],
        blue=np.full(2 * n + others, 20.0),
        metadata=[ERROR, Column("mag", "", "mag", "phot.mag")],
    )
    right_ones = {}
    for prior in (None, "mag", "blue - mag"):
        associate(
            store,
            AssociationOptions(
                tables=("left", "right"), radius_arcsec=4.0, into="m", find=Find.BEST1, prior=prior, replace=True
            ),
        )
        with Sky(store.path) as sky:
            [(right_ones[prior],)] = sky.sql("SELECT count(*) FROM m WHERE left_id = right_id").rows()
    assert right_ones["mag"] > right_ones[None]
    assert right_ones["mag"] > 0.995 * n
    assert right_ones["blue - mag"] == pytest.approx(right_ones["mag"], abs=2)


def test_sources_are_counted_with_their_likes(store: Store, make_table: Any) -> None:
    """A cluster of faint sources, none of which the left table sees, hides bright counterparts but for their kind."""
    rng = np.random.default_rng(8)
    stars, cluster = 20_000, 30_000
    ra, dec = rng.uniform(10, 12, stars), rng.uniform(-1, 1, stars)
    make_table("left", id=list(range(stars)), ra=ra, dec=dec, pos_error=np.full(stars, 800.0), metadata=[ERROR])
    make_table(
        "right",
        id=list(range(stars + cluster)),
        ra=np.r_[ra + rng.normal(size=stars) * 0.8 * 2**0.5 / 3600, rng.uniform(11, 11.5, cluster)],
        dec=np.r_[dec + rng.normal(size=stars) * 0.8 * 2**0.5 / 3600, rng.uniform(0, 0.5, cluster)],
        pos_error=np.full(stars + cluster, 800.0),
        mag=np.r_[rng.normal(15, 0.5, stars), rng.normal(22, 0.5, cluster)],
        metadata=[ERROR, Column("mag", "", "mag", "phot.mag")],
    )
    of_cluster = 'JOIN "left" l ON l.id = left_id WHERE l.ra BETWEEN 11 AND 11.5 AND l.dec BETWEEN 0 AND 0.5'
    right_ones, gap = {}, {}
    several: tuple[dict[str, Any], ...] = ({}, {"density_by": "mag"}, {"density_by": "mag", "prior": "mag"})
    for options in several:
        asked = AssociationOptions(
            tables=("left", "right"), radius_arcsec=5.0, into="m", find=Find.BEST1, replace=True, **options
        )
        associate(store, asked)
        with Sky(store.path) as sky:
            [(true, foretold)] = sky.sql(
                f"SELECT avg((left_id = right_id)::INTEGER), avg(p_match) FROM m {of_cluster}"
            ).rows()
        right_ones[len(options)], gap[len(options)] = true, abs(foretold - true)
    assert right_ones[0] < 0.93 < 0.97 < right_ones[1] <= right_ones[2]
    assert max(gap.values()) < 0.02
