"""Observed positions are the true ones, moved to the epoch of the survey and scattered by the errors it quotes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from skyband.ingest.simulate.galactic import offset_position

SURVEYS = {
    "optical": ("objid = optical_id", "2005.0", "o.raErr", "o.decErr"),
    "nir": ("designation = nir_id", "2000.0 + (o.jdate - 2451545.0) / 365.25", "o.err_maj", "o.err_maj"),
    "mir": ("designation = mir_id", "2010.5", "o.sigra", "o.sigdec"),
    "astrometry": ("source_id = astrometry_id", "o.ref_epoch", "o.ra_error / 1000", "o.dec_error / 1000"),
}


def residuals(views: Any, survey: str) -> dict[str, np.ndarray]:
    """East and north offsets from the true place at the epoch, arcsec, with astropy's space motion as the oracle."""
    condition, epoch, ra_error, dec_error = SURVEYS[survey]
    found: dict[str, np.ndarray] = views.arrays(
        f"SELECT o.*, t.ra AS true_ra, t.dec AS true_dec, t.pmra AS true_pmra, t.pmdec AS true_pmdec, "
        f"t.parallax AS plx, {epoch} AS epoch, {ra_error} AS east_error, {dec_error} AS north_error "
        f"FROM {survey} o JOIN truth t ON {condition}"
    )
    there = SkyCoord(
        found["true_ra"] * u.deg,
        found["true_dec"] * u.deg,
        pm_ra_cosdec=found["true_pmra"] * u.mas / u.yr,
        pm_dec=found["true_pmdec"] * u.mas / u.yr,
        distance=1.0 / np.maximum(found["plx"], 0.01) * u.kpc,
        radial_velocity=np.zeros(found["ra"].size) * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tcb"),
    ).apply_space_motion(
        new_obstime=Time(np.broadcast_to(found["epoch"], found["ra"].shape), format="jyear", scale="tcb")
    )
    there = SkyCoord(there.ra, there.dec)
    east, north = there.spherical_offsets_to(SkyCoord(found["ra"] * u.deg, found["dec"] * u.deg))
    return found | {"east": east.arcsec, "north": north.arcsec}


@pytest.mark.parametrize("survey", ["optical", "mir", "astrometry"])
def test_residuals_are_unit_normal(views: Any, survey: str) -> None:
    found = residuals(views, survey)
    east, north = found["east"] / found["east_error"], found["north"] / found["north_error"]
    n = east.size
    assert n > 10_000
    for scaled in (east, north):
        assert np.abs(scaled).max() < 6.0
        assert abs(scaled.mean()) < 5.0 / np.sqrt(n)
        assert abs(scaled.std() - 1.0) < 5.0 / np.sqrt(2 * n)
        assert abs(np.mean(np.abs(scaled) < 1.0) - 0.6827) < 0.02
    if survey != "astrometry":
        assert abs(np.corrcoef(east, north)[0, 1]) < 5.0 / np.sqrt(n)


def test_residuals_follow_the_error_ellipses(views: Any) -> None:
    found = residuals(views, "nir")
    angle = np.radians(found["err_ang"].astype(float))
    along = found["east"] * np.sin(angle) + found["north"] * np.cos(angle)
    across = found["east"] * np.cos(angle) - found["north"] * np.sin(angle)
    n = along.size
    for scaled in (along / found["err_maj"], across / found["err_min"]):
        assert np.abs(scaled).max() < 6.0
        assert abs(scaled.mean()) < 5.0 / np.sqrt(n)
        assert abs(scaled.std() - 1.0) < 5.0 / np.sqrt(2 * n) + 0.005  # errors are printed to 0.001 arcsec
    assert np.all(found["err_min"] <= found["err_maj"])


def test_correlations_are_those_quoted(views: Any) -> None:
    found = residuals(views, "astrometry")
    east, north = found["east"] / found["east_error"], found["north"] / found["north_error"]
    for low, high in ((-0.4, -0.2), (-0.1, 0.1), (0.2, 0.4)):
        some = (found["ra_dec_corr"] >= low) & (found["ra_dec_corr"] < high)
        expected = found["ra_dec_corr"][some].mean()
        assert abs(np.mean(east[some] * north[some]) - expected) < 5.0 / np.sqrt(some.sum())


@pytest.mark.parametrize("name", ["parallax", "pmra", "pmdec"])
def test_fitted_astrometry_scatters_by_its_errors(views: Any, name: str) -> None:
    found = views.arrays(
        f"SELECT (a.{name} - t.{name}) / a.{name}_error AS scaled FROM astrometry a "
        f"JOIN truth t ON source_id = astrometry_id WHERE a.{name} IS NOT NULL"
    )
    n = found["scaled"].size
    assert np.abs(found["scaled"]).max() < 6.0
    assert abs(found["scaled"].mean()) < 5.0 / np.sqrt(n)
    assert abs(found["scaled"].std() - 1.0) < 5.0 / np.sqrt(2 * n)


def test_one_source_in_seven_has_positions_only(views: Any) -> None:
    assert 0.10 < views.number("SELECT avg((parallax IS NULL)::INT) FROM astrometry") < 0.20
    assert views.rows(
        "SELECT DISTINCT pmra IS NULL, pmdec IS NULL, pmra_error IS NULL, parallax_error IS NULL, ruwe IS NULL "
        "FROM astrometry WHERE parallax IS NULL"
    ) == [(True,) * 5]


def test_errors_grow_towards_faint_sources(views: Any) -> None:
    for table, magnitude, error in (
        ("optical", "modelMag_r", "raErr"),
        ("nir", "j_m", "err_maj"),
        ("mir", "w1mpro", "sigra"),
    ):
        medians = [
            row[1]
            for row in views.rows(
                f"SELECT floor({magnitude}), median({error}) FROM {table} WHERE {magnitude} > 12 "
                "GROUP BY 1 HAVING count(*) > 150 ORDER BY 1"
            )
        ]
        assert all(later > 0.98 * earlier for earlier, later in pairwise(medians))
        assert medians[-1] > 2.0 * medians[0]


@given(
    ra=st.floats(0.0, 360.0, exclude_max=True),
    dec=st.floats(-90.0, 90.0),
    sep_arcsec=st.floats(0.0, 600.0),
    angle=st.floats(0.0, 360.0),
)
def test_offsets_are_great_circle_steps(ra: float, dec: float, sep_arcsec: float, angle: float) -> None:
    radius = np.tan(np.radians(sep_arcsec / 3600.0))  # a step on the tangent plane
    new_ra, new_dec = offset_position(
        np.array([ra]),
        np.array([dec]),
        np.array([radius * np.sin(np.radians(angle))]),
        np.array([radius * np.cos(np.radians(angle))]),
    )
    expected = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(angle * u.deg, sep_arcsec * u.arcsec)
    assert 0.0 <= new_ra[0] < 360.0
    assert expected.separation(SkyCoord(new_ra[0] * u.deg, new_dec[0] * u.deg)).arcsec < 1e-6
