"""Units against astropy, which reads the same texts."""

from __future__ import annotations

import itertools
import subprocess
import sys
import warnings

import pytest
from astropy.units import Unit
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.schema.errors import BadTable
from skyband.schema.units import check_ucd, is_vounit, scale_between, to_vounit

ANGLES = ("deg", "arcmin", "arcsec", "mas", "uarcsec", "rad")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deg", "deg"),
        (" deg ", "deg"),
        ("DEGREE", "deg"),
        ("Degrees", "deg"),
        ("ARCSEC", "arcsec"),
        ("mas/yr", "mas.yr**-1"),
        ("mas yr-1", "mas.yr**-1"),
        ("mas.yr-1", "mas.yr**-1"),
        ("mas.yr**-1", "mas.yr**-1"),
        ("MAS/YR", "mas.yr**-1"),
        ("km/s", "km.s**-1"),
        ("KM/S", "km.s**-1"),
        ("mag(AB)", "mag"),
        ("mag (Vega)", "mag"),
        ("ABmag", "mag"),
        ("mmag(AB)", "mmag"),
        ("ERG/S/CM^2", "erg.s**-1.cm**-2"),
        ("erg/s/cm^2", "erg.s**-1.cm**-2"),
        ("CT/S", "count.s**-1"),
        ("10-18W/m2", "1e-18W.m**-2"),
        ("0.1nm", "0.1nm"),
        ("Angstrom", "Angstrom"),
        ("micron", "um"),
        ("JY", "Jy"),
        ("days", "d"),
        ("uas/yr", "uarcsec.yr**-1"),
        ("", ""),
        ("---", ""),
        ("'---'", ""),
        ("'h:m:s'", "h:m:s"),
        ('"d:m:s"', "d:m:s"),
        ("hh:mm:ss", "h:m:s"),
        ("nmgy", "nmgy"),
        ("[cm/s2]", "[cm/s2]"),
        ("MJY", "MJY"),
        ("seconds of time", "seconds of time"),
    ],
)
def test_spellings_become_vounits(text: str, expected: str) -> None:
    assert to_vounit(text) == expected
    assert to_vounit(expected) == expected


@pytest.mark.parametrize(
    ("text", "form"),
    [("erg/s/cm^2", "fits"), ("mW/m2", "cds"), ("10-7W/m2", "cds"), ("km/s/Mpc", "generic"), ("solMass", "cds")]
    + [(f"{angle}/yr", "generic") for angle in ANGLES],
)
def test_the_unit_is_the_one_astropy_reads(text: str, form: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert Unit(to_vounit(text), format="vounit") == Unit(text, format=form)


@settings(deadline=None)  # astropy builds its parsers on the way
@given(st.text(max_size=12))
def test_any_text_has_an_answer_that_stays(text: str) -> None:
    once = to_vounit(text)
    assert to_vounit(once) == once


def test_sexagesimal_marks_and_unreadable_texts_are_no_vounits() -> None:
    assert [is_vounit(text) for text in ("", "mag", "mas.yr**-1", "km/s", "h:m:s", "nmgy", "mag(AB)")] == [
        *(True, True, True, True),
        *(False, False, False),
    ]


@pytest.mark.parametrize(
    ("unit_from", "unit_to"),
    [
        *itertools.product(ANGLES, ANGLES),
        *itertools.product([f"{angle}.yr**-1" for angle in ANGLES], ["mas.yr**-1", "deg.yr**-1"]),
        *itertools.product(["km.s**-1", "m.s**-1"], repeat=2),
        ("d", "yr"),
        ("yr", "d"),
        ("arcsec.d**-1", "mas.yr**-1"),
        ("arcsec/h", "mas.yr**-1"),
        ("Jy", "uJy"),
    ],
)
def test_factors_are_those_of_astropy(unit_from: str, unit_to: str) -> None:
    expected = Unit(unit_from, format="vounit").to(Unit(unit_to, format="vounit"))
    assert scale_between(unit_from, unit_to) == pytest.approx(expected, rel=1e-14)


def test_common_factors_are_exact() -> None:
    assert scale_between("arcsec", "mas") == 1000.0
    assert scale_between("DEGREE", "mas") == 3_600_000.0
    assert scale_between("mas/yr", "mas.yr**-1") == 1.0
    assert scale_between("arcsec/yr", "mas.yr**-1") == 1000.0


@pytest.mark.parametrize("unit_from", ["mag", "", "h", "h:m:s", "furlong"])
def test_what_cannot_be_converted_names_both_units(unit_from: str) -> None:
    with pytest.raises(BadTable) as error:
        scale_between(unit_from, "deg")
    assert str(error.value) == f"cannot convert {unit_from!r} to 'deg': correct the unit of the column"


def test_ucds_are_checked_against_the_vocabulary() -> None:
    ucds = ["meta.id;meta.main", "phot.mag;em.opt.R", "phot.magnitude", "em.opt.R;phot.mag", "POS_EQ_RA_MAIN", ""]
    assert [check_ucd(ucd) for ucd in ucds] == [True, True, False, False, False, False]


def test_everyday_files_do_without_astropy() -> None:
    program = """
import sys
from skyband.schema.columns import Column
from skyband.schema.roles import assign_roles
from skyband.schema.survey import load_survey, survey_names
from skyband.schema.units import scale_between
for name in survey_names():
    load_survey(name)
columns = [Column("source_id", "BIGINT"), Column("ra", "DOUBLE", "degrees"), Column("dec", "DOUBLE", "degrees")]
assign_roles([*columns, Column("pmra", "DOUBLE", "mas/yr"), Column("pmdec", "DOUBLE", "mas/yr")])
scale_between("arcsec", "mas")
sys.exit("astropy" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
