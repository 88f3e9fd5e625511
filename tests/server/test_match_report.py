"""Reports on matches: every number against numpy and astropy on the same tables; the page, the plots, the command."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import healpy
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree
from scipy.stats import rayleigh

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, associate, associate_many
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from skyband.schema.errors import BadTable, StorageError, TableNotFound
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.server.report import MatchReport, report_on
from skyband.server.report.page import Section, sections_of, write_page, write_plots
from skyband.server.report.words import facts_of, warnings_of
from tests.server.conftest import RunReport
from tests.server.reading import checked, columns, known

MakeTable = Callable[..., Any]
Doubles = NDArray[np.float64]
LEFT, RIGHT = "sim_astrometry", "sim_nir"
DRAWN = {
    "separations", "normalised_separations", "share_by_magnitude", "share_by_galactic_latitude", "probabilities",
    "cuts", "density", "offsets",
}  # fmt: skip


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A simulated sky with matches of both kinds: `plain`, `pairs` (all, full join) and `likely` (probabilities)."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("report") / "sky"), threads=2))
    list(ingest_simulated(store, rows=20_000, seed=5))
    crossmatch(store, MatchOptions(left=LEFT, right=RIGHT, radius_arcsec=1.0, into="plain"), command="skyband made it")
    crossmatch(
        store,
        MatchOptions(left=LEFT, right=RIGHT, radius_arcsec=30.0, into="pairs", find=Find.ALL, join=Join.FULL),
    )
    associate(store, AssociationOptions(tables=(LEFT, RIGHT), radius_arcsec=20.0, into="likely", find=Find.ALL))
    return store


@pytest.fixture(scope="module")
def plain(simulated: Store) -> MatchReport:
    return report_on(simulated, "plain")


@pytest.fixture(scope="module")
def likely(simulated: Store) -> MatchReport:
    return report_on(simulated, "likely")


@pytest.fixture(scope="module")
def likely_sections(likely: MatchReport) -> tuple[Section, ...]:
    return sections_of(likely)


def joined(store: Store, name: str) -> SimpleNamespace:
    """Pairs with the positions of both rows."""
    return columns(
        store,
        f"SELECT l.ra, l.dec, r.ra AS right_ra, r.dec AS right_dec, p.sep_arcsec, l.epoch, r.epoch AS right_epoch, "
        f"coalesce(pmra, 0) AS pmra, coalesce(pmdec, 0) AS pmdec FROM {name} p "
        f"JOIN keys.{LEFT} l ON l.id = {LEFT}_id JOIN keys.{RIGHT} r ON r.id = {RIGHT}_id",
    )


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


def test_the_page_has_every_part(plain: MatchReport, likely: MatchReport, likely_sections: tuple[Section, ...]) -> None:
    page, parser = checked(likely, likely_sections)
    assert (parser.count["svg"], parser.count["figure"]) == (len(DRAWN), len(DRAWN))
    assert "Not drawn" not in page
    assert "currentColor" in page
    page, parser = checked(plain)
    assert parser.count["svg"] == len(DRAWN) - 3
    assert "Not drawn: a plain match has no probabilities." in page
    for text in ("skyband made it", "left_id, right_id, chord2_arcsec(chord2) AS sep_arcsec", "DuckDB", "--find"):
        assert text in page
    for version in (
        plain.subject.info.version.version_id,
        plain.subject.left.version_id,
        plain.subject.right.version_id,
    ):
        assert version in page


def test_plots_are_images_of_sensible_size(likely_sections: tuple[Section, ...], tmp_path: Path) -> None:
    files = write_plots(likely_sections, tmp_path / "new" / "plots")
    assert {path.stem for path in files} == DRAWN
    for path in files:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            image.load()
            assert image.format == "PNG"
            assert 800 <= image.width <= 1600
            assert 400 <= image.height <= 1200
            colours = image.convert("RGB").getcolors(1 << 20)
        assert colours is not None
        assert len(colours) > 30, path


def test_the_report_says_what_became_of_its_tables(make_table: MakeTable, store: Store, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(10, 12, 300).tolist(), rng.uniform(-1, 1, 300).tolist()
    make_table("a", id=range(300), ra=ra, dec=dec)
    make_table("b", id=range(300), ra=ra, dec=dec)
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m"))
    associate(
        store,
        AssociationOptions(tables=("a", "b"), radius_arcsec=1.0, into="n", error_arcsec={"a": 0.1, "b": 0.1}),
    )
    report = report_on(store, "m")
    assert warnings_of(report) == []
    assert report.pairs_sql == "SELECT * FROM xmatch('a', 'b', 1.0)"
    make_table("b", id=range(300), ra=ra, dec=dec)
    report = report_on(store, "m")
    assert (
        "b has been published again since the match (matched was version 1, now it is version 2"
        in warnings_of(report)[0]
    )
    assert "published again" in report.document()["offsets"]["unknown"]
    assert "published again" in facts_of(report)["displacement of the pairs (median)"]
    assert known(report.separations).random is not None
    store.drop("a")
    for name in ("m", "n"):
        report = report_on(store, name)
        assert "a has been dropped since the match" in warnings_of(report)[0]
        document = report.document()
        for part in ("offsets", "latitudes", "magnitudes", "footprint"):
            assert "a has been dropped" in document[part]["unknown"]
        page, _ = checked(report)
        assert "a has been dropped since the match: what needs its rows as they were is left out." in page
    assert known(report.separations).random is None
    store.drop("b")
    make_table("b", id=[1], ra=[1.0], dec=[1.0])
    assert "matched was another table" in " ".join(warnings_of(report_on(store, "m")))


def test_a_damaged_table_is_named(make_table: MakeTable, store: Store) -> None:
    make_table("a", id=[1], ra=[1.0], dec=[1.0])
    make_table("b", id=[1], ra=[1.0], dec=[1.0])
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m"))
    store.table_file("b").write_bytes(b"no table")
    report = report_on(store, "m")
    assert "b cannot be read" in warnings_of(report)[0]
    assert report.document()["density"]["pairs"] == [1]


@pytest.mark.parametrize(("join", "why"), [(Join.LEFT_ONLY, "only rows without a partner"), (Join.INNER, "no pairs")])
def test_a_table_without_pairs_is_reported(make_table: MakeTable, store: Store, join: Join, why: str) -> None:
    make_table("a", id=[1, 2], ra=[10.0, 20.0], dec=[0.0, 0.0])
    make_table("b", id=[1], ra=[10.0 if join is Join.LEFT_ONLY else 10.001], dec=[0.0])
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m", join=join))
    report = report_on(store, "m")
    document = report.document()
    assert why in document["separations"]["unknown"]
    page, parser = checked(report)
    assert why in page
    # That no row of the table is in a pair says something only where the table would list pairs.
    assert parser.count.get("svg", 0) == (0 if join is Join.LEFT_ONLY else 1)


@pytest.mark.parametrize("rows", [0, 2])
def test_tiny_tables_are_reported(make_table: MakeTable, store: Store, rows: int) -> None:
    errors = {"a": 0.1, "b": 0.1}
    for name in ("a", "b"):
        make_table(name, id=range(rows), ra=[10.0] * rows, dec=[0.0] * rows)
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m"))
    associate(store, AssociationOptions(tables=("a", "b"), n_sigma=3.0, into="n", error_arcsec=errors))
    for name in ("m", "n"):
        report = report_on(store, name)
        page, _ = checked(report)
        assert "not known" in page
        assert json.loads(json.dumps(report.document()))["rows"] == rows


def test_duplicates_of_one_table(make_table: MakeTable, store: Store) -> None:
    make_table("a", id=range(4), ra=[10.0, 10.0001, 50.0, 120.0], dec=[0.0, 0.0, 0.0, 60.0])
    crossmatch(store, MatchOptions(left="a", right="a", radius_arcsec=1.0, into="twins", find=Find.ALL))
    report = report_on(store, "twins")
    shares = known(report.latitudes)
    # Both rows of the pair are in it.
    assert (sum(shares.rows), sum(shares.matched)) == (4, 2)
    assert sum(known(report.separations).pairs) == 1
    checked(report)


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


def test_what_is_no_match_of_two_tables_is_an_error(make_table: MakeTable, store: Store) -> None:
    make_table("a", id=[1], ra=[1.0], dec=[1.0])
    with pytest.raises(BadTable, match="'a' is no match: make one with skyband crossmatch"):
        report_on(store, "a")
    with pytest.raises(TableNotFound, match="no table 'm'"):
        report_on(store, "m")
    for name in ("b", "c"):
        make_table(name, id=[1], ra=[1.0], dec=[1.0])
    options = AssociationOptions(
        tables=("a", "b", "c"), radius_arcsec=1.0, into="m", error_arcsec=dict.fromkeys(("a", "b", "c"), 0.1)
    )
    associate_many(store, options)
    with pytest.raises(BadTable, match="a match of 3 tables, not of two"):
        report_on(store, "m")


def test_a_page_that_cannot_be_written_is_an_error(plain: MatchReport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        write_page(plain, (), tmp_path / "file" / "report.html")


def test_the_command_writes_what_is_asked(simulated: Store, run_report: RunReport, plain: MatchReport) -> None:
    code, out, err = run_report(simulated, "plain")
    assert (code, err) == (0, "report written to plain.html\n")
    assert out.splitlines()[0].split(maxsplit=2)[2] == facts_of(plain)["left table"]
    assert Path("plain.html").read_text().startswith("<!doctype html>")
    code, out, err = run_report(simulated, "plain", "--json")
    document, expected = json.loads(out), plain.document()
    assert {**document, "made_at": ""} == {**expected, "made_at": ""}
    assert (code, err, sorted(path.name for path in Path().iterdir())) == (0, "", ["plain.html"])
    code, _, err = run_report(simulated, "plain", "-o", "out/report.html", "--png", "plots")
    assert (code, err) == (0, "5 plots written to plots\nreport written to out/report.html\n")
    assert len(list(Path("plots").glob("*.png"))) == 5


def test_the_command_names_what_is_wrong(simulated: Store, run_report: RunReport) -> None:
    code, out, err = run_report(simulated, LEFT)
    assert (code, out) == (2, "")
    assert f"table {LEFT!r} is no match" in err
    assert run_report(simulated, "nothing")[0] == 2
    assert list(Path().iterdir()) == []


@pytest.mark.real
def test_real_matches_are_reported(real_data: Path, store: Store) -> None:
    for path, options in (
        ("xmatch_ngc188/gaia_dr2.parquet", IngestOptions(table="gaia", epoch=2015.5)),
        ("xmatch_ngc188/twomass_psc.parquet", IngestOptions(table="twomass", survey="twomass_psc")),
    ):
        ingest(store, [real_data / path], options)
    crossmatch(store, MatchOptions(left="twomass", right="gaia", radius_arcsec=2.0, into="m", find=Find.BEST1))
    report = report_on(store, "m")
    field = known(report.field)
    assert (field.is_sky, field.radius_deg < 0.6) == (False, True)
    # The README of the catalogues counts 4,162 rows of 2MASS with a neighbour within 2 arcsec.
    assert sum(known(report.separations).pairs) == 4162
    assert known(report.magnitudes).value == "Jmag"
    assert abs(known(report.offsets).median_dec_arcsec) < 0.1
    _, parser = checked(report)
    assert parser.count["svg"] == 5
