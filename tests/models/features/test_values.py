"""The numbers of features against astropy and numpy."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import Distance
from astropy.cosmology import FlatLambdaCDM

from skyband.ingest.simulate.loci import BANDS as SIMULATED_BANDS
from skyband.ingest.simulate.loci import EXTINCTION
from skyband.models.features import FeatureOptions, feature_table, matrix
from skyband.models.features.groups import read_toml
from skyband.queries import Sky
from skyband.schema.errors import BadOption
from skyband.schema.store import Store
from tests.conftest import publish_rows


@pytest.fixture(scope="module")
def rows(sky: Sky) -> pd.DataFrame:
    """Every feature of a row beside the columns it is made of."""
    table = feature_table(sky, "objects", FeatureOptions(groups=("all",)))
    measured = [column.name for column in table.info.columns if column.name not in ("object_id", "healpix_29")]
    frame = table.rows(also=measured).to_pandas()
    assert len(frame) == table.info.rows
    return frame


def check(found: pd.Series, expected: np.ndarray, rtol: float = 2e-6, atol: float = 2e-5) -> None:
    values = pd.Series(expected).astype(float).to_numpy()
    np.testing.assert_allclose(found, values, rtol=rtol, atol=atol)
    assert np.isfinite(values).any()


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("u_minus_g", "psfMag_u", "psfMag_g"),
        ("g_minus_i", "psfMag_g", "psfMag_i"),
        ("z_minus_j", "psfMag_z", "j_m"),
        ("k_minus_w1", "k_m", "w1mpro"),
        ("w1_minus_w2", "w1mpro", "w2mpro"),
        ("w2_minus_w3", "w2mpro", "w3mpro"),
        ("bp_minus_rp", "phot_bp_mean_mag", "phot_rp_mean_mag"),
        ("gaia_g_minus_k", "phot_g_mean_mag", "k_m"),
        ("psf_minus_model_r", "psfMag_r", "modelMag_r"),
    ],
)
def test_colours(rows: pd.DataFrame, name: str, first: str, second: str) -> None:
    errors = {"j_m": "j_msigcom", "k_m": "k_msigcom", "w2mpro": "w2sigmpro", "w3mpro": "w3sigmpro"}
    expected = rows[first] - rows[second]
    for magnitude in {first, second} & errors.keys():
        expected = expected.where(rows[errors[magnitude]].notna())
    check(rows[name], expected)


def test_bends_and_the_stellar_locus(rows: pd.DataFrame) -> None:
    g, r, i, z = (rows[f"psfMag_{band}"] for band in "griz")
    check(rows.bend_gri, (g - r) - (r - i), atol=5e-5)
    check(rows.locus_w, -0.227 * g + 0.792 * r - 0.567 * i + 0.05, atol=5e-5)
    check(rows.locus_y, -0.270 * r + 0.8 * i - 0.534 * z + 0.054, atol=5e-5)
    # Stars of the main sequence lie on it, quasars do not.
    bright = (r < 19) & (rows.extended_optical == 0) if "extended_optical" in rows else r < 19
    assert rows.locus_w[bright].abs().median() < 0.1


def test_luminosities_are_those_of_astropy(make_redshifts: Sky) -> None:
    found = feature_table(make_redshifts, "spectra", FeatureOptions(groups=("spectroscopy",))).rows().to_pandas()
    found = found.sort_values("id", ignore_index=True)
    z = np.array([0.004, 0.03, 0.3, 1.1, 3.2, 6.5])
    distance = FlatLambdaCDM(70, 0.3).distmod(z).value
    np.testing.assert_allclose(found.luminosity_r[:6], 18.5 - distance, atol=0.008)
    np.testing.assert_allclose(found.log_redshift[:6], np.log10(z), rtol=1e-6)
    assert found.luminosity_r[6:].isna().all()
    assert found.log_redshift[6] == -5
    np.testing.assert_allclose(found.spectroscopic_redshift, [*z, -0.0003, np.nan], rtol=1e-6)
    assert np.isnan(found.log_redshift[7])


@pytest.fixture
def make_redshifts(store: Store) -> Iterator[Sky]:
    """A table of eight spectra, the last but one of a star; the fit of the last one failed."""
    redshift = [0.004, 0.03, 0.3, 1.1, 3.2, 6.5, -0.0003, 0.0]
    place = (range(8), np.arange(8.0).tolist(), [0.0] * 8)
    publish_rows(
        store, "spectra", id=place[0], ra=place[1], dec=place[2],
        redshift=redshift, u=[20.0] * 8, g=[19.0] * 8, r=[18.5] * 8,
    )  # fmt: skip
    with Sky(settings=store.settings) as opened:
        yield opened


def test_a_limit_is_no_magnitude(rows: pd.DataFrame) -> None:
    limits = rows.w3sigmpro.isna() & rows.w3mpro.notna()
    assert limits.sum() > 100
    assert rows.w3_mag[limits].isna().all()
    check(rows.w3_mag, rows.w3mpro.where(rows.w3sigmpro.notna()))


def test_absolute_magnitude_is_that_of_astropy(rows: pd.DataFrame) -> None:
    good = (rows.parallax / rows.parallax_error > 5).to_numpy()
    modulus = Distance(parallax=rows.parallax[good].to_numpy() * u.mas).distmod.to_value(u.mag)
    check(rows.absolute_g_mag[good], rows.phot_g_mean_mag[good] - modulus)
    assert rows.absolute_g_mag[~good].isna().all()
    # The error, from the parallax one error up and down.
    up, down = (
        Distance(parallax=(rows.parallax + side * 1e-3 * rows.parallax_error)[good].to_numpy() * u.mas).distmod.value
        for side in (1, -1)
    )
    check(rows.absolute_g_error_mag[good], np.abs(up - down) / 2e-3, rtol=1e-4)


def test_luminosity_is_the_absolute_magnitude_where_that_is_known(rows: pd.DataFrame) -> None:
    good = rows.absolute_g_mag.notna()
    check(5 * np.log10(rows.luminosity_g[good]), rows.absolute_g_mag[good])
    negative = rows.parallax < 0
    assert (rows.luminosity_g[negative] < 0).all() and negative.any()
    check(rows.luminosity_g / rows.luminosity_g_error, rows.parallax / rows.parallax_error, rtol=1e-5)


def test_motion_is_that_of_astropy(rows: pd.DataFrame) -> None:
    total = np.hypot(rows.pmra, rows.pmdec)
    check(rows.pm_mas_yr, total)
    check(rows.pm_snr, np.hypot(rows.pmra / rows.pmra_error, rows.pmdec / rows.pmdec_error))
    check(rows.pm_error_mas_yr, np.hypot(rows.pmra * rows.pmra_error, rows.pmdec * rows.pmdec_error) / total)
    good = (rows.parallax > 5 * rows.parallax_error).to_numpy()
    distance = Distance(parallax=rows.parallax[good].to_numpy() * u.mas)
    velocity = (total[good].to_numpy() * u.mas / u.yr * distance).to(u.km / u.s, u.dimensionless_angles())
    check(rows.tangential_velocity_km_s[good], velocity.value, rtol=1e-5)
    assert rows.tangential_velocity_km_s[~good].isna().all()
    moving = rows.pm_snr > 3
    reduced = rows.phot_g_mean_mag + 5 * np.log10((total.to_numpy() * u.mas).to_value(u.arcsec)) + 5
    check(rows.reduced_pm_g_mag, reduced.where(moving))


def test_shape_flags_and_quality(rows: pd.DataFrame) -> None:
    optical, nir, mir = (rows[f"sim_{name}_id"].notna() for name in ("optical", "nir", "mir"))
    check(rows.is_extended_optical, (rows.type == 3).where(optical))
    check(rows.is_extended_nir, rows.ext_key.notna().where(nir))
    check(rows.is_extended_mir, (rows.ext_flg > 0).where(mir))
    area = 2 * math.pi * rows.petroR50_r**2
    check(rows.surface_brightness_r, rows.modelMag_r + 2.5 * np.log10(area))
    check(rows.unit_weight_error, rows.ruwe)
    check(rows.is_parallax_solved, rows.parallax.notna().where(rows.phot_g_mean_mag.notna()))
    separations = rows[["sep_sim_optical_arcsec", "sep_sim_nir_arcsec", "sep_sim_mir_arcsec"]]
    check(rows.largest_separation_arcsec, separations.max(axis=1))
    magnitudes = rows[[name for name in rows if name.endswith("_mag") and name.removesuffix("_mag") in SIMULATED_BANDS]]
    assert magnitudes.shape[1] == 15
    check(rows.bands_measured, magnitudes.notna().sum(axis=1))
    check(rows.radial_velocity_km_s, rows.radial_velocity)


def test_dereddening_takes_away_what_the_simulation_put_before_the_objects(sky: Sky) -> None:
    plain, free = (
        feature_table(sky, "sim_optical", FeatureOptions(groups=("magnitudes", "shape"), deredden=deredden))
        for deredden in (False, True)
    )
    before, after = (
        table.rows(also=["extinction_r"]).to_pandas().sort_values("objid", ignore_index=True) for table in (plain, free)
    )
    for band in "ugriz":
        ratio = EXTINCTION[SIMULATED_BANDS.index(band)] / EXTINCTION[SIMULATED_BANDS.index("r")]
        check(
            before[f"{band}_mag"] - after[f"{band}_mag"],
            (before.extinction_r * ratio).where(before[f"{band}_mag"].notna()),
            atol=2e-4,
        )
    check(after.psf_minus_model_g, before.psf_minus_model_g)
    assert plain.digest != free.digest
    with pytest.raises(BadOption, match="no column holds E"):
        feature_table(sky, "sim_mir", FeatureOptions(deredden=True))


def test_extinction_is_that_of_the_simulated_sky() -> None:
    default = read_toml("extinction")["default"]
    assert [default[name] for name in SIMULATED_BANDS] == pytest.approx(EXTINCTION.tolist())


def test_missing_is_nan_in_a_matrix(sky: Sky) -> None:
    table = feature_table(sky, "objects")
    batches = list(table.rows().stream().batches)
    found = np.concatenate([matrix(batch, table.names) for batch in batches])
    assert found.dtype == np.float32 and found.shape == (table.info.rows, len(table.names))
    null = np.stack([np.concatenate([b.column(n).is_null().to_numpy(False) for b in batches]) for n in table.names], 1)
    np.testing.assert_array_equal(np.isnan(found), null)
    assert not np.isinf(found).any()
    assert 0.1 < null.mean() < 0.9
