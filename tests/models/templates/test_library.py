"""Templates: formulas against astropy and integrals, and files of one's own."""

from __future__ import annotations

from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling.models import BlackBody
from astropy.table import Table
from scipy.integrate import quad

from skyband.models.templates.library import bands, packaged, synthetic, with_folder
from skyband.models.templates.spectra import black_body, broken_line, sampled, transmission
from skyband.schema.errors import BadFile, BadOption

NAMES = [band.name for band in bands()]


def test_black_bodies_as_astropy_has_them() -> None:
    wavelength = np.geomspace(0.1, 10, 50)
    mine = black_body(5800.0)(wavelength)
    theirs = BlackBody(5800 * u.K)(wavelength * u.um).value
    assert mine / mine[0] == pytest.approx(theirs / theirs[0], rel=1e-6)


def test_magnitudes_are_integrals_over_the_bands() -> None:
    found = synthetic(black_body(7000.0))
    expected = []
    for band in bands():
        low, high = band.wavelength_um - band.width_um / 2, band.wavelength_um + band.width_um / 2
        flux = quad(lambda x: float(black_body(7000.0)(np.array([x]))[0]) / x, low, high)[0]
        expected.append(-2.5 * np.log10(flux / np.log(high / low)))
    assert found - found[0] == pytest.approx(np.array(expected) - expected[0], abs=2e-4)
    # A flat spectrum has no colours in AB, at any redshift that leaves the bands red of the Lyman series.
    flat = synthetic(broken_line(np.array([0.01, 100.0]), np.zeros(2)), 1.5)
    assert flat == pytest.approx(np.zeros(len(NAMES)), abs=1e-12)


def test_gas_lets_through_what_is_red_of_the_lines() -> None:
    observed = np.array([0.121567, 0.115, 0.105]) * 4.5
    # Madau (1995), at redshift 3.5: Lyman alpha alone between the lines alpha and beta.
    expected = [1.0, *np.exp(-0.0036 * (observed[1:] / 0.121567) ** 3.46)]
    assert transmission(observed * (1 + 1e-12), 3.5) == pytest.approx(expected)
    wavelength = np.linspace(0.1, 1.2, 400)
    for redshift in (0.5, 2.0, 4.0, 6.5):
        let_through = transmission(wavelength, redshift)
        assert ((let_through >= 0) & (let_through <= 1)).all()
        assert (let_through[wavelength > 0.121567 * (1 + redshift)] == 1).all()
    # Nothing comes through before the end of reionisation (Fan et al. 2006).
    assert transmission(np.array([0.121567 * 7.2]), 6.5)[0] < 0.005


def test_packaged_templates_have_the_colours_of_the_literature() -> None:
    libraries = {library.name: library for library in packaged()}
    assert list(libraries) == ["star", "white_dwarf", "brown_dwarf", "galaxy", "quasar"]
    offset = np.array([band.ab_minus_vega if band.system == "Vega" else 0.0 for band in bands()])

    def colour(name: str, row: int, blue: str, red: str) -> float:
        values = libraries[name].magnitudes[row] - offset
        return float(values[NAMES.index(blue)] - values[NAMES.index(red)])

    def quasar_at(redshift: float) -> int:
        shifts, titles = libraries["quasar"].redshifts, np.array(libraries["quasar"].titles)
        [row] = np.flatnonzero(np.isclose(shifts, redshift) & (titles == "slope -0.44"))
        return int(row)

    titles = libraries["brown_dwarf"].titles
    assert titles[4 * 15] == "T5"
    assert colour("brown_dwarf", 4 * 15, "j", "w2") == pytest.approx(0.16 + 0.06 + 0.36 + 1.62)
    assert libraries["star"].titles[0] == "A0" and titles[-1] == "T8"
    # Drop-outs as of Richards et al. (2002) and Fan et al. (2001), W1 - W2 of Stern et al. (2012).
    assert colour("star", 4 * 5, "g", "r") == pytest.approx(0.47)
    assert colour("white_dwarf", -1, "u", "g") == pytest.approx(-0.5, abs=0.05)
    assert colour("quasar", quasar_at(1.5), "u", "g") < 0.6
    assert colour("quasar", quasar_at(4.2), "g", "r") > 1.2
    assert colour("quasar", quasar_at(5.0), "r", "i") > 1.2
    assert colour("quasar", quasar_at(6.1), "i", "z") > 2.2
    assert colour("quasar", quasar_at(1.0), "w1", "w2") > 0.8
    red = int(np.flatnonzero(np.isclose(libraries["galaxy"].redshifts, 0.4))[0])
    assert colour("galaxy", red, "g", "r") > 1.4


def test_templates_of_a_folder(tmp_path: Path) -> None:
    wavelength = np.geomspace(0.2, 6.0, 4000)
    flux = black_body(3000.0)(wavelength)
    (tmp_path / "Carbon Star").mkdir()
    (tmp_path / "quasar").mkdir()
    (tmp_path / "notes").mkdir()
    table = Table({"wavelength": (wavelength * 1000)[::-1] * u.nm, "flux": flux[::-1] * u.Jy})
    table.write(tmp_path / "Carbon Star" / "per_frequency.ecsv", format="ascii.ecsv")
    Table({"wavelength": wavelength * 1e4, "flux": flux / wavelength**2}).write(tmp_path / "Carbon Star" / "plain.csv")
    Table({"wavelength": wavelength * 1e4, "flux": wavelength}).write(tmp_path / "quasar" / "mine.csv")
    libraries = {library.name: library for library in with_folder(tmp_path)}
    assert set(libraries) == {"star", "white_dwarf", "brown_dwarf", "galaxy", "carbon_star", "quasar"}
    own = libraries["carbon_star"]
    assert (own.titles, own.scatter_mag) == (("per_frequency", "plain"), 0.1)
    assert np.isnan(own.redshifts).all()
    for magnitudes in own.magnitudes:
        assert magnitudes == pytest.approx(synthetic(sampled(wavelength, flux)), abs=1e-6)
        assert np.diff(magnitudes) == pytest.approx(np.diff(synthetic(black_body(3000.0))), abs=1e-3)
    # At redshift 0.8 it begins at 0.36 um.
    shifted = libraries["quasar"]
    assert set(shifted.titles) == {"mine"} and len(shifted.redshifts) == 70
    assert np.isnan(shifted.magnitudes[7]).tolist() == [name == "u" for name in NAMES]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,4\n", "has the columns wavelength and flux"),
        ("wavelength,flux\n1000,2\n", "two rows at least"),
        ("wavelength,flux\n1000,2\n2000,\n", "finite"),
        ("wavelength,flux\n1000,2\n1000,3\n", "none is there twice"),
        ("wavelength,flux\nred,2\nblue,3\n", "no template"),
        ("wavelength,flux\n1000,0\n2000,0\n", "somewhere there is flux"),
    ],
)
def test_files_that_are_no_templates(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "star").mkdir()
    with pytest.raises(BadOption, match="no template there"):
        with_folder(tmp_path)
    (tmp_path / "star" / "bad.csv").write_text(content)
    with pytest.raises(BadFile, match=message):
        with_folder(tmp_path)
    with pytest.raises(BadOption, match="no such folder"):
        with_folder(tmp_path / "nothing")
