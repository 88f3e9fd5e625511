"""Reports on matches: every number against numpy and astropy on the same tables; the page, the plots, the command."""

from __future__ import annotations

import re
from typing import Any

import healpy
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.spatial import cKDTree
from scipy.stats import rayleigh

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, associate
from skyband.queries.crossmatch import Find, MatchOptions, crossmatch
from skyband.schema.store import Store
from skyband.server.report import MatchReport, report_on
from skyband.server.report.page import sections_of
from skyband.server.report.words import facts_of
from tests.server.match_report.conftest import LEFT, RIGHT, MakeTable, joined
from tests.server.reading import columns, known


@pytest.mark.parametrize("name", ["plain", "pairs", "likely"])
def test_separations_are_counted_as_numpy_does(simulated: Store, name: str) -> None:
    report = report_on(simulated, name)
    found, extent = known(report.separations), known(report.extent)
    sep = columns(simulated, f"SELECT sep_arcsec FROM {name} WHERE sep_arcsec IS NOT NULL").sep_arcsec
    assert found.pairs == np.histogram(sep, found.edges)[0].tolist()
    assert (found.elsewhere, extent.pairs, extent.one_in) == (0, len(sep), 1)
    assert extent.closest_arcsec == sep.min()
    assert extent.farthest_arcsec == sep.max()
    assert extent.median_arcsec == pytest.approx(np.median(sep))
    assert extent.top_arcsec == pytest.approx(np.quantile(sep, 0.995))


def test_the_chance_level_of_a_plain_match_is_that_of_its_shifted_rows(simulated: Store) -> None:
    for name, keeps_all in (("plain", False), ("pairs", True)):
        report = report_on(simulated, name)
        counts = simulated.info(name).details["match"]
        rate, rows = counts["chance"]["rate"], counts["left_rows"]
        edges = np.array(known(report.separations).edges)
        rings = np.diff(edges**2) / edges[-1] ** 2
        all_pairs = -np.log(1 - rate) * rows
        assert known(report.separations).random == pytest.approx(all_pairs * rings)
        # Rows that have no counterpart, and get one by chance: all unmatched ones are those that got none.
        lone = (rows - counts["left_matched"]) / (1 - rate)
        wrong = all_pairs if keeps_all else lone * rate
        assert sum(known(report.separations).wrong) == pytest.approx(wrong)
        assert report.expected.chance_contamination == pytest.approx(wrong / counts["pairs"])
        assert report.expected.share == pytest.approx(1 - lone / rows)
        assert (report.expected.completeness, report.expected.contamination) == (None, None)


def test_the_chance_level_of_nearest_left_rows_is_seen_from_the_right(simulated: Store) -> None:
    options = MatchOptions(left=LEFT, right=RIGHT, radius_arcsec=60.0, into="nearest", find=Find.BEST2, replace=True)
    counts = crossmatch(simulated, options).counts
    report = report_on(simulated, "nearest")
    partners = -np.log(1 - counts.chance.rate) * counts.left_rows / counts.right_rows
    rate = 1 - np.exp(-partners)
    wrong = (counts.right_rows - counts.right_matched) / (1 - rate) * rate
    assert sum(known(report.separations).wrong) == pytest.approx(wrong)


def test_the_chance_level_of_an_association_is_the_density_around_its_rows(
    simulated: Store, likely: MatchReport
) -> None:
    footprint = known(likely.footprint)
    left, right = (columns(simulated, f"SELECT ra, dec FROM keys.{table}") for table in (LEFT, RIGHT))
    nside = 1 << footprint.order
    counts = np.zeros(12 * nside**2)
    np.add.at(counts, healpy.ang2pix(nside, right.ra, right.dec, nest=True, lonlat=True), 1)
    cell = healpy.ang2pix(nside, left.ra, left.dec, nest=True, lonlat=True)
    assert footprint.left_rows == (counts[cell] > 0).sum()
    # Of the sources around each row, as far as the 60th.
    tree = cKDTree(healpy.ang2vec(right.ra, right.dec, lonlat=True))
    apart, _ = tree.query(healpy.ang2vec(left.ra, left.dec, lonlat=True)[counts[cell] > 0], 60)
    density = 59 / (np.pi * (np.degrees(apart[:, -1]) * 3600) ** 2)
    assert footprint.per_arcsec2 == pytest.approx(density.sum(), rel=0.15)
    edges = np.array(known(likely.separations).edges)
    assert known(likely.separations).random == pytest.approx(np.pi * np.diff(edges**2) * footprint.per_arcsec2)


def test_probabilities_and_normalised_separations_are_counted_as_numpy_does(
    simulated: Store, likely: MatchReport
) -> None:
    pairs = columns(simulated, "SELECT sep_arcsec, sep_sigma, p_match FROM likely")
    for part, values in (
        (likely.separations, pairs.sep_arcsec),
        (likely.sigmas, pairs.sep_sigma),
        (likely.probabilities, pairs.p_match),
    ):
        found = known(part)
        assert found.pairs == np.histogram(values, found.edges)[0].tolist()
        assert found.elsewhere == (values > found.edges[-1]).sum()
        assert found.wrong == pytest.approx(np.histogram(values, found.edges, weights=1 - pairs.p_match)[0])
    sigmas = known(likely.sigmas)
    assert sigmas.edges[-1] == 6
    assert sigmas.true == pytest.approx(pairs.p_match.sum() * np.diff(rayleigh.cdf(sigmas.edges)))


def test_the_expected_curve_of_a_match_within_sigmas_is_cut_off_there(simulated: Store) -> None:
    associate(simulated, AssociationOptions(tables=(LEFT, RIGHT), n_sigma=3.0, into="within", replace=True))
    report = report_on(simulated, "within")
    pairs = columns(simulated, "SELECT p_match FROM within")
    assert known(report.sigmas).edges[-1] == 3
    assert sum(known(report.sigmas).true) == pytest.approx(pairs.p_match.sum())
    found = known(report.separations)
    assert sum(found.pairs) + found.elsewhere == len(pairs.p_match)


def test_the_figures_of_an_association_are_those_of_its_calibration(simulated: Store) -> None:
    associate(
        simulated, AssociationOptions(tables=(LEFT, RIGHT), radius_arcsec=5.0, into="cut", least_probability=0.89)
    )
    report = report_on(simulated, "cut")
    counts = simulated.info("cut").details["association"]
    [cut] = [cut for cut in counts["calibration"]["cuts"] if cut["least_probability"] == 0.89]
    expected = report.document()["expected"]
    assert {name: expected[name] for name in cut if name in expected} == {
        name: cut[name] for name in ("completeness", "contamination", "chance_contamination", "chance_error")
    }
    assert (expected["cut"], expected["share"]) == (0.89, counts["calibration"]["share"])
    facts = facts_of(report)
    assert f"fitted to {counts['tuning']['pairs']:,} pairs" in facts["systematic floor"]
    assert f"{counts['tuning']['offset_ra_arcsec']:+.4f} east" in facts["displacement of the tables (fit)"]
    assert "at p_match >= 0.89 by the probabilities" in facts["expected contamination"]


@pytest.mark.parametrize("name", ["plain", "pairs", "likely"])
def test_shares_are_counted_as_numpy_and_astropy_do(simulated: Store, name: str) -> None:
    report = report_on(simulated, name)
    footprint = known(report.footprint)
    left = columns(simulated, f"SELECT source_id AS id, ra, dec, phot_g_mean_mag::DOUBLE AS g FROM {LEFT}")
    right = columns(simulated, f"SELECT ra, dec FROM keys.{RIGHT}")
    claim = "p_match" if name == "likely" else "0::DOUBLE AS p_match"
    pairs = columns(simulated, f"SELECT {LEFT}_id AS id, {claim} FROM {name} WHERE sep_arcsec IS NOT NULL")
    nside = 1 << footprint.order
    covered = np.isin(
        healpy.ang2pix(nside, left.ra, left.dec, nest=True, lonlat=True),
        healpy.ang2pix(nside, right.ra, right.dec, nest=True, lonlat=True),
    )
    matched = np.isin(left.id, pairs.id)
    order = np.argsort(left.id)
    claimed = np.zeros(len(left.id))
    np.add.at(claimed, order[np.searchsorted(left.id[order], pairs.id)], pairs.p_match)
    latitude = SkyCoord(left.ra, left.dec, unit="deg").galactic.b.deg
    for part, values, unit in ((report.magnitudes, left.g, "mag"), (report.latitudes, latitude, "deg")):
        shares = known(part)
        inside = covered & np.isfinite(values)
        assert shares.rows == np.histogram(values[inside], shares.edges)[0].tolist()
        assert shares.matched == np.histogram(values[inside & matched], shares.edges)[0].tolist()
        assert sum(shares.rows) + shares.elsewhere == inside.sum()
        assert shares.elsewhere <= 0.01 * inside.sum()
        assert (shares.unit, shares.one_in) == (unit, 1)
        if name == "likely":
            expected = np.histogram(values[inside], shares.edges, weights=claimed[inside])[0]
            assert shares.claimed == pytest.approx(expected)
        else:
            assert shares.claimed is None


def test_intervals_are_those_of_wilson(plain: MatchReport) -> None:
    from astropy.stats import binom_conf_interval

    shares = known(plain.magnitudes)
    for place, rows in enumerate(shares.rows):
        if rows:
            low, high = binom_conf_interval(
                shares.matched[place], rows, confidence_level=0.6826894921, interval="wilson"
            )
            assert shares.interval(place) == pytest.approx((low, high), abs=1e-9)


def test_the_field_and_the_density_of_pairs(simulated: Store, plain: MatchReport) -> None:
    pairs = columns(simulated, "SELECT ra, dec FROM plain")
    sky = SkyCoord(pairs.ra, pairs.dec, unit="deg")
    mean = SkyCoord(*sky.cartesian.xyz.mean(axis=1), representation_type="cartesian")
    field, density = known(plain.field), known(plain.density)
    centre = SkyCoord(field.ra, field.dec, unit="deg")
    assert centre.separation(SkyCoord(mean.spherical.lon, mean.spherical.lat)).arcsec < 1e-3
    assert field.radius_deg == pytest.approx(centre.separation(sky).deg.max())
    assert field.is_sky
    cells, counts = np.unique(
        healpy.ang2pix(1 << density.order, pairs.ra, pairs.dec, nest=True, lonlat=True), return_counts=True
    )
    assert (density.cells, density.pairs) == (cells.tolist(), counts.tolist())
    area_deg2 = healpy.nside2pixarea(1 << density.order, degrees=True)
    assert density.per_deg2 == pytest.approx(counts / area_deg2)


@pytest.mark.parametrize("name", ["plain", "likely"])
def test_displacements_are_those_of_astropy(simulated: Store, name: str) -> None:
    report = report_on(simulated, name)
    found = known(report.offsets)
    pairs = joined(simulated, name)
    left = SkyCoord(pairs.ra, pairs.dec, unit="deg")
    d_ra, d_dec = (
        offset.arcsec for offset in left.spherical_offsets_to(SkyCoord(pairs.right_ra, pairs.right_dec, unit="deg"))
    )
    # The left rows move: to the epoch of a plain match, to that of each right row of an association.
    epoch = pairs.right_epoch if name == "likely" else report.subject.counts["epoch"]
    lag_yr = epoch - pairs.epoch
    d_ra, d_dec = d_ra - lag_yr * pairs.pmra / 1000, d_dec - lag_yr * pairs.pmdec / 1000
    tolerance = 1e-4
    assert found.pairs == len(d_ra)
    assert found.median_ra_arcsec == pytest.approx(np.median(d_ra), abs=tolerance)
    assert found.median_dec_arcsec == pytest.approx(np.median(d_dec), abs=tolerance)
    sigmas = [np.diff(np.quantile(d, [0.15865, 0.84135]))[0] / 2 for d in (d_ra, d_dec)]
    assert (found.sigma_ra_arcsec, found.sigma_dec_arcsec) == pytest.approx(sigmas, abs=tolerance)
    sigma = np.hypot(*sigmas) / np.sqrt(2)
    assert found.error_arcsec == pytest.approx(1.2533 * sigma / np.sqrt(len(d_ra)), rel=1e-3)
    # The separations of the match were computed by other SQL.
    assert found.differs_arcsec < 1e-9
    cell = healpy.ang2pix(1 << found.order, pairs.ra, pairs.dec, nest=True, lonlat=True)
    for place, number in enumerate(found.cells):
        here = cell == number
        assert found.cell_pairs[place] == here.sum()
        assert found.cell_ra_arcsec[place] == pytest.approx(np.median(d_ra[here]), abs=tolerance)
        assert found.cell_dec_arcsec[place] == pytest.approx(np.median(d_dec[here]), abs=tolerance)
        mean = left[here].cartesian.xyz.value.mean(axis=1)
        lon, lat = np.degrees(np.arctan2(mean[1], mean[0])) % 360, np.degrees(np.arctan2(mean[2], np.hypot(*mean[:2])))
        assert (found.cell_ra[place], found.cell_dec[place]) == pytest.approx((lon, lat))
    assert len(found.cells) >= 12
    shift = np.array([found.cell_ra_arcsec, found.cell_dec_arcsec]).T - (
        found.median_ra_arcsec,
        found.median_dec_arcsec,
    )
    assert found.map_rms_arcsec == pytest.approx(np.sqrt((shift**2).mean()))
    assert found.map_noise_arcsec == pytest.approx(
        1.2533 * sigma * np.sqrt((1 / np.array(found.cell_pairs)).mean()), rel=1e-3
    )


def test_a_known_displacement_is_found_close_to_the_pole(make_table: MakeTable, store: Store) -> None:
    rng = np.random.default_rng(1)
    left = SkyCoord(rng.uniform(0, 360, 2000), 90 - 0.3 * np.sqrt(rng.uniform(0, 1, 2000)), unit="deg")
    right = left.spherical_offsets_by(*(np.array([[0.25], [-0.1]]) + rng.normal(0, 0.05, (2, 2000))) / 3600 * deg())
    make_table("a", id=range(2000), ra=left.ra.deg.tolist(), dec=left.dec.deg.tolist())
    make_table("b", id=range(2000), ra=right.ra.deg.tolist(), dec=right.dec.deg.tolist())
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m"))
    report = report_on(store, "m")
    found, field = known(report.offsets), known(report.field)
    assert found.median_ra_arcsec == pytest.approx(0.25, abs=4 * found.error_arcsec)
    assert found.median_dec_arcsec == pytest.approx(-0.1, abs=4 * found.error_arcsec)
    assert found.error_arcsec == pytest.approx(1.2533 * 0.05 / np.sqrt(2000), rel=0.1)
    assert found.map_rms_arcsec == pytest.approx(found.map_noise_arcsec, rel=0.7)
    assert not field.is_sky
    assert field.radius_deg == pytest.approx(0.3, rel=0.05)
    assert {plot.name for section in sections_of(report) for plot in section.plots} == {
        "separations", "share_by_galactic_latitude", "density", "offsets",
    }  # fmt: skip


def deg() -> Any:
    from astropy import units as u

    return u.deg


def test_samples_tell_nearly_the_same(simulated: Store, plain: MatchReport) -> None:
    sampled = report_on(simulated, "plain", sample_rows=1500)
    whole, part = known(plain.offsets), known(sampled.offsets)
    assert part.one_in > 1
    assert part.pairs <= 1500
    error_arcsec = np.hypot(whole.error_arcsec, part.error_arcsec)
    assert part.median_ra_arcsec == pytest.approx(whole.median_ra_arcsec, abs=5 * error_arcsec)
    shares = known(sampled.latitudes)
    assert shares.one_in > 1
    assert sum(shares.rows) + shares.elsewhere <= 1500
    share = sum(known(plain.latitudes).matched) / sum(known(plain.latitudes).rows)
    assert sum(shares.matched) / sum(shares.rows) == pytest.approx(share, abs=0.07)
    # What is only counted is counted whole.
    assert sampled.separations == plain.separations


def test_the_sql_gives_the_pairs_and_the_figures_again(
    simulated: Store, plain: MatchReport, likely: MatchReport
) -> None:
    with Sky(simulated.path) as sky:
        again = {row[:2]: row[2] for row in sky.sql(known(plain.pairs_sql)).rows()}
        pairs = sky.sql(f"SELECT {LEFT}_id, {RIGHT}_id, sep_arcsec FROM plain").rows()
        assert [again[row[:2]] for row in pairs] == pytest.approx([row[2] for row in pairs], abs=1e-9)
        assert len(sky.sql(known(likely.pairs_sql))) == likely.subject.counts["pairs"]
        for report in (plain, likely):
            asked = [
                query
                for query in report.queries.values()
                if not re.search("right_density|pair_offsets|pair_errors|TEMP TABLE", query)
            ]
            assert len(asked) >= 5
            for query in asked:
                assert len(sky.sql(query)) > 0
        [(pairs, *_)] = sky.sql(plain.queries["Pairs and their separations"]).rows()
        assert pairs == known(plain.extent).pairs


def test_the_magnitude_is_the_first_of_the_survey_or_of_the_ucds(make_table: MakeTable, store: Store) -> None:
    import pyarrow as pa

    from skyband.schema.columns import Column

    described = [Column("e_v", "", "mag", "stat.error;phot.mag"), Column("v", "", "mag", "phot.mag;em.opt.V")]
    position: dict[str, Any] = {"id": range(5), "ra": [10.0] * 5, "dec": [0.0, 0.1, 0.2, 0.3, 0.4]}
    more = {"e_v": pa.array([0.1] * 5), "v": pa.array([12.1, 12.2, float("nan"), None, 30.0])}
    make_table("a", **position, metadata=described, **more)
    make_table("b", **position)
    for left, right, into in (("a", "b", "m"), ("b", "a", "n")):
        crossmatch(store, MatchOptions(left=left, right=right, radius_arcsec=1.0, into=into))
    shares = known(report_on(store, "m").magnitudes)
    assert (shares.value, sum(shares.rows) + shares.elsewhere) == ("v", 3)
    shares = known(report_on(store, "n").magnitudes)
    assert (shares.table, shares.value) == ("a", "v")
