"""Loci, distances and the Galaxy against independent sources."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import duckdb
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.cosmology import FlatLambdaCDM

from skyband.ingest.simulate.cosmology import arcsec_per_kpc, distance_modulus
from skyband.ingest.simulate.galactic import TO_ICRS, directions, draw_stars, reddening_towards
from skyband.ingest.simulate.loci import BANDS, EXTINCTION, Locus, band, load_loci


def colour(locus: Locus, entries: np.ndarray, name: str) -> np.ndarray:
    first, second = name.split(" - ")
    difference: np.ndarray = locus.magnitudes[band(first), entries] - locus.magnitudes[band(second), entries]
    return difference


@pytest.mark.parametrize("name", load_loci())
def test_tables_give_back_the_rows_of_the_file(name: str) -> None:
    text = (resources.files("skyband.ingest.simulate") / "loci.toml").read_text()
    file = tomllib.loads(text)
    locus, rows = load_loci()[name], file[name]["rows"]
    entries = locus.at_row(np.arange(len(rows), dtype=float))
    for place, colour_name in enumerate(file["colours"], len(file[name]["parameters"])):
        expected = [row[place] for row in rows]
        np.testing.assert_allclose(colour(locus, entries, colour_name), expected, atol=1e-5)
    assert locus.magnitudes.shape[0] == len(BANDS) == EXTINCTION.size
    if locus.subtypes:
        assert [locus.subtypes[row] for row in locus.rows(entries)] == [row[0] for row in rows]


def test_redshifts_are_found_between_rows() -> None:
    locus = load_loci()["quasar"]
    redshift = np.array([0.05, 0.07, 1.0, 2.345, 5.99, 6.0, 9.0])
    entries = locus.at("redshift", redshift)
    np.testing.assert_allclose(locus.parameters["redshift"][entries], np.minimum(redshift, 6.0), atol=0.004)


def test_distances() -> None:
    redshift = np.array([0.01, 0.1, 0.5, 1.0, 3.0, 6.0])
    cosmology = FlatLambdaCDM(H0=70, Om0=0.3, Tcmb0=0)
    np.testing.assert_allclose(distance_modulus(redshift), cosmology.distmod(redshift).value, atol=1e-4)
    np.testing.assert_allclose(arcsec_per_kpc(redshift), cosmology.arcsec_per_kpc_proper(redshift).value, rtol=1e-4)


def test_the_galactic_frame() -> None:
    longitude, latitude = np.array([0.0, 90.0, 200.0, 33.0]), np.array([0.0, 0.0, -40.0, 90.0])
    galactic = SkyCoord(longitude * u.deg, latitude * u.deg, frame="galactic")
    ra, dec, east, north = directions(TO_ICRS @ galactic.cartesian.xyz.value)
    assert SkyCoord(ra * u.deg, dec * u.deg).separation(galactic.icrs).arcsec.max() < 0.05  # astropy goes through FK5
    np.testing.assert_allclose(np.cross(east, north, axis=0), TO_ICRS @ galactic.cartesian.xyz.value, atol=1e-9)


def test_dust_lies_in_the_plane() -> None:
    galactic = SkyCoord([0.0, 180.0, 0.0] * u.deg, [0.0, 0.0, 90.0] * u.deg, frame="galactic").icrs
    centre, anticentre, pole = reddening_towards(galactic.ra.deg, galactic.dec.deg)
    assert 2.5 < centre < 4.0
    assert anticentre < centre / 3
    assert 0.01 < pole < 0.04  # Schlegel, Finkbeiner & Davis (1998): about 0.02


def test_stars_fill_the_discs() -> None:
    stars = draw_stars(np.random.default_rng(1), np.full(200_000, 2.0))
    place = SkyCoord(stars.ra * u.deg, stars.dec * u.deg, distance=stars.distance_kpc * u.kpc).galactic.cartesian
    height = place.z.value + 0.025
    thin = np.exp(-np.array([0.5, 1.0]) / 0.3) + 0.12 * np.exp(-np.array([0.5, 1.0]) / 0.9)
    counts = [np.count_nonzero(np.abs(np.abs(height) - h) < 0.02) for h in (0.5, 1.0)]
    assert counts[0] / counts[1] == pytest.approx(thin[0] / thin[1], rel=0.08)
    assert np.mean(place.x.value > 0) > 0.55  # denser towards the centre
    assert abs(np.mean(place.y.value > 0) - 0.5) < 0.01
    # Seen from the moving Sun the nearby stars stream by: towards l = 270 at 12 km/s and the lag of the discs.
    nearby = stars.distance_kpc < 0.5
    v = stars.pmra[nearby] * stars.distance_kpc[nearby] * 4.74047
    assert 15.0 < v.std() < 60.0


@pytest.mark.real
def test_quasars_have_the_colours_of_sdss(real_data: Path) -> None:
    found = duckdb.execute(
        "SELECT floor(redshift * 5) / 5 + 0.1 AS z, median(u - g) AS \"u - g\", median(g - r) AS \"g - r\", "
        "median(r - i) AS \"r - i\", median(i - z) AS \"i - z\" "
        f"FROM '{real_data}/labelled_sdss_spectro/sdss17_10k.parquet' "
        "WHERE class = 'QSO' AND redshift BETWEEN 0.6 AND 2.8 GROUP BY ALL HAVING count(*) >= 20 ORDER BY z"
    ).fetchnumpy()  # fmt: skip
    assert found["z"].size >= 11
    locus = load_loci()["quasar"]
    entries = locus.at("redshift", found["z"])
    for name, worst in (("u - g", 0.25), ("g - r", 0.15), ("r - i", 0.15), ("i - z", 0.15)):
        difference = colour(locus, entries, name) - found[name]
        assert np.abs(difference).max() < worst
        assert abs(np.median(difference)) < 0.15  # those of the catalogue are not dereddened


@pytest.mark.real
def test_white_dwarfs_have_the_colours_of_gaia_and_sdss(real_data: Path) -> None:
    found = duckdb.execute(
        "SELECT round(TeffH, -3) AS teff, median(umag - gmag_1) AS \"u - g\", median(gmag_1 - rmag) AS \"g - r\", "
        "median(BPmag - RPmag) AS \"bp - rp\", median(Gmag - rmag) AS \"gaia_g - r\" "
        f"FROM '{real_data}/labelled_white_dwarfs/mwdd_gaiaedr3_sdss.parquet' "
        "WHERE spectype = 'DA' AND Plx > 5 AND TeffH BETWEEN 7000 AND 25000 GROUP BY ALL HAVING count(*) >= 15"
    ).fetchnumpy()  # fmt: skip
    assert found["teff"].size >= 10
    locus = load_loci()["white_dwarf_da"]
    entries = locus.at("teff", found["teff"])
    for name in ("u - g", "g - r", "bp - rp", "gaia_g - r"):
        assert np.abs(colour(locus, entries, name) - found[name]).max() < 0.15


@pytest.mark.real
def test_brown_dwarfs_have_the_colours_of_2mass_and_wise(real_data: Path) -> None:
    found = duckdb.execute(
        'SELECT sptype_code::INT - 70 AS type, median("2MASS.J" - "2MASS.H") AS "j - h", '
        'median("2MASS.H" - "2MASS.Ks") AS "h - k", median("WISE.W1" - "WISE.W2") AS "w1 - w2" '
        f"FROM '{real_data}/labelled_brown_dwarfs/simple_sources.parquet' "
        "WHERE sptype_code BETWEEN 70 AND 88 GROUP BY ALL HAVING count(*) >= 20 ORDER BY 1"
    ).fetchnumpy()
    assert found["type"].size >= 15
    locus = load_loci()["brown_dwarf"]
    entries = locus.at_row(found["type"].astype(float))
    for name, worst in (("j - h", 0.25), ("h - k", 0.2), ("w1 - w2", 0.15)):
        assert np.abs(colour(locus, entries, name) - found[name]).max() < worst
