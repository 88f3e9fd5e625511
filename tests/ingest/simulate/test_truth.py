"""The true sky: its classes, its links to the surveys, and where things are."""

from __future__ import annotations

from typing import Any

import healpy
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from skyband.ingest.simulate import CLASSES, SimulatedSky
from skyband.ingest.simulate.columns import LINKS
from skyband.ingest.simulate.truth import SHARES


@pytest.mark.parametrize("survey", LINKS)
def test_links_lead_to_exactly_one_source(sky: SimulatedSky, views: Any, survey: str) -> None:
    link, key = LINKS[survey]
    table = survey.removeprefix("sim_")
    assert views.rows(
        f"SELECT count(*), count(DISTINCT {key}), count({key}), (SELECT count({link}) FROM truth) FROM {table}"
    ) == [(sky.rows[survey],) * 4]
    assert views.number(f"SELECT count(*) FROM {table} JOIN truth ON {key} = {link}") == sky.rows[survey]


def test_all_classes_are_there_in_their_shares(views: Any) -> None:
    counts = dict(views.rows("SELECT class, count(*) FROM truth GROUP BY class"))
    assert set(counts) == set(CLASSES)
    for name, share in SHARES.items():
        expected = 60_000 * share
        assert abs(counts[name] - expected) < 5.0 * np.sqrt(expected)


def test_no_class_is_invisible(views: Any) -> None:
    seen = dict(
        views.rows(
            "SELECT class, avg((optical_id IS NOT NULL OR nir_id IS NOT NULL OR mir_id IS NOT NULL"
            " OR astrometry_id IS NOT NULL)::INT) FROM truth GROUP BY class"
        )
    )
    assert min(seen.values()) > 0.5


@pytest.mark.parametrize("table", ["truth", "optical", "nir", "mir", "astrometry"])
def test_positions_are_on_the_sphere(views: Any, table: str) -> None:
    assert views.rows(
        f"SELECT count(*) FROM {table} WHERE NOT (ra >= 0 AND ra < 360 AND dec BETWEEN -90 AND 90) OR isnan(ra) "
        "OR isnan(dec) OR ra IS NULL OR dec IS NULL"
    ) == [(0,)]


def test_no_nan_stands_for_null(sky: SimulatedSky, views: Any) -> None:
    for name in sky.paths:
        table = name.removeprefix("sim_")
        described = views.rows(f"DESCRIBE {table}")
        floats = [f'isnan("{row[0]}") OR isinf("{row[0]}")' for row in described if row[1] in ("FLOAT", "DOUBLE")]
        assert views.number(f"SELECT count(*) FROM {table} WHERE {' OR '.join(floats)}") == 0


def test_order_says_nothing_of_the_class(views: Any) -> None:
    runs = views.number(
        "SELECT count(*) FROM (SELECT class, lag(class) OVER (ORDER BY true_id) b FROM truth) WHERE class = b"
    )
    by_chance = 60_000 * sum(share**2 for share in SHARES.values())
    assert abs(runs - by_chance) < 6.0 * np.sqrt(by_chance)


def test_parents_are_of_the_right_class(views: Any) -> None:
    pairs = views.rows(
        "SELECT DISTINCT child.class, parent.class FROM truth child "
        "JOIN truth parent ON child.parent_id = parent.true_id"
    )
    assert set(pairs) == {("star", "star"), ("galaxy", "cluster"), ("transient", "galaxy")}
    assert views.number("SELECT count(*) FROM truth WHERE parent_id NOT IN (SELECT true_id FROM truth)") == 0


def test_companions_are_close_and_move_together(views: Any) -> None:
    pairs = views.arrays(
        "SELECT c.ra, c.dec, p.ra AS p_ra, p.dec AS p_dec, c.parallax - p.parallax AS difference, "
        "c.mag_r - p.mag_r AS fainter FROM truth c JOIN truth p ON c.parent_id = p.true_id WHERE c.class = 'star'"
    )
    sep = SkyCoord(pairs["ra"] * u.deg, pairs["dec"] * u.deg).separation(
        SkyCoord(pairs["p_ra"] * u.deg, pairs["p_dec"] * u.deg)
    )
    assert len(sep) > 800
    assert sep.arcsec.min() > 0.29
    assert sep.arcsec.max() < 12.1
    assert np.all(pairs["difference"] == 0.0)
    assert np.mean(pairs["fainter"] > 0.0) > 0.9


def test_low_resolution_surveys_blend_companions(views: Any) -> None:
    kept = views.rows(
        "SELECT count(c.optical_id) / count(*), count(c.nir_id) / count(*), count(c.mir_id) / count(*) FROM truth c "
        "JOIN truth p ON c.parent_id = p.true_id WHERE c.class = 'star' AND p.mag_r < 15 AND c.mag_r < 16"
    )[0]
    optical, nir, mir = (float(share) for share in kept)
    # Separations are log-flat from 0.3 to 12 arcsec; the surveys resolve 1.3, 4 and 6 arcsec.
    for share, resolution in ((optical, 1.3), (nir, 4.0), (mir, 6.0)):
        assert share == pytest.approx(1.0 - np.log(resolution / 0.3) / np.log(40.0), abs=0.12)


def test_the_galaxy_is_a_disc_with_a_zone_of_avoidance(views: Any) -> None:
    def density(table: str, condition: str, low: float, high: float) -> float:
        stars = views.arrays(f"SELECT {table}.ra AS ra, {table}.dec AS dec FROM {table} JOIN truth ON {condition}")
        latitude = np.abs(SkyCoord(stars["ra"] * u.deg, stars["dec"] * u.deg).galactic.b.deg)
        inside = np.count_nonzero((latitude >= low) & (latitude < high))
        return float(inside / (np.sin(np.radians(high)) - np.sin(np.radians(low))))

    stars = "source_id = astrometry_id AND class IN ('star', 'giant')"
    assert density("astrometry", stars, 0, 10) > 6.0 * density("astrometry", stars, 50, 90)
    galaxies = "objid = optical_id AND class = 'galaxy'"
    assert density("optical", galaxies, 0, 2) < 0.5 * density("optical", galaxies, 40, 90)


def test_members_crowd_around_their_clusters(views: Any) -> None:
    found = views.arrays("SELECT ra, dec, class FROM truth WHERE class IN ('galaxy', 'cluster')")
    places = SkyCoord(found["ra"] * u.deg, found["dec"] * u.deg)
    galaxies, clusters = places[found["class"] == "galaxy"], places[found["class"] == "cluster"]
    near = clusters.search_around_sky(galaxies, 5 * u.arcmin)[0].size / len(clusters)
    by_chance = len(galaxies) * (1 - np.cos(np.radians(5 / 60))) / 2
    assert near > 5.0 + by_chance


def test_a_source_id_contains_its_healpix(views: Any) -> None:
    found = views.con.execute("SELECT source_id, ra, dec FROM astrometry").fetchnumpy()
    pixel = healpy.ang2pix(2**12, found["ra"], found["dec"], nest=True, lonlat=True)
    assert np.array_equal(found["source_id"] >> 35, pixel)


def test_labels_fit_the_class(views: Any) -> None:
    assert views.rows(
        "SELECT class, count(redshift) > 0 AS z, count(teff) > 0 AS t, max(abs(pmra)) > 0 AS moves, "
        "min(parallax) > 0 AS near FROM truth GROUP BY class ORDER BY class"
    ) == [
        ("brown_dwarf", False, True, True, True),
        ("cluster", True, False, False, False),
        ("galaxy", True, False, False, False),
        ("giant", False, True, True, True),
        ("quasar", True, False, False, False),
        ("star", False, True, True, True),
        ("transient", True, True, True, False),
        ("white_dwarf", False, True, True, True),
    ]
