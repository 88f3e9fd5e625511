"""Survey definitions: those of the package against the vocabularies of the IVOA, those of users against mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from astropy.io.votable.ucd import check_ucd
from astropy.units import Unit
from hypothesis import given
from hypothesis import strategies as st

from skyband.ingest.simulate.columns import ASTROMETRY_EPOCH, CLASSES, LIGHT_CURVES, MIR_EPOCH, OPTICAL_EPOCH, SCHEMAS
from skyband.schema.columns import ROLES, Column
from skyband.schema.errors import BadFile, BadOption
from skyband.schema.survey import Archive, Band, SurveyColumn, load_survey, survey_names

SIMULATED = ("sim_astrometry", "sim_mir", "sim_nir", "sim_optical", "sim_truth")
REAL = (
    *("allwise", "gaia_dr3", "gaia_edr3", "gz2_filename_mapping", "gz2_hart16", "panstarrs_dr2"),
    *("sdss_dr18_phot", "sdss_dr18_spec", "twomass_psc", "ukidss_las", "vhs"),
)


def definition(folder: Path, text: str, name: str = "mine") -> str:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return str(path)


SMALL = """
title = "Mine"
columns = [
  { name = "id", type = "bigint", role = "id", ucd = "meta.id;meta.main" },
  { name = "ra", role = "ra", unit = "deg" },
  { name = "dec", role = "dec", unit = "deg" },
]
"""


def test_the_package_has_these_surveys() -> None:
    assert survey_names() == tuple(sorted((*SIMULATED, LIGHT_CURVES, *REAL)))


@pytest.mark.filterwarnings("ignore:The unit:astropy.units.UnitsWarning")
@pytest.mark.parametrize("name", survey_names())
def test_units_and_ucds_are_standard(name: str) -> None:
    for column in load_survey(name).columns:
        assert Unit(column.unit, format="vounit", parse_strict="raise").to_string("vounit") == column.unit, column
        assert check_ucd(column.ucd, check_controlled_vocabulary=True), column
        assert column.description, column


@pytest.mark.parametrize("name", survey_names())
def test_every_survey_says_whose_it_is_and_how_rows_are_identified(name: str) -> None:
    survey = load_survey(name)
    assert survey.title and survey.description and survey.licence
    (identifier,) = (column for column in survey.columns if column.role == "id")
    assert identifier.type in ("bigint", "text")
    assert {column.role for column in survey.columns} - {""} <= ROLES.keys()
    assert survey.positions == (name not in ("gz2_filename_mapping", LIGHT_CURVES))
    if name not in (*SIMULATED, LIGHT_CURVES):
        assert survey.citation and survey.archive


@pytest.mark.parametrize("name", SIMULATED)
def test_simulated_surveys_agree_with_the_simulation(name: str) -> None:
    columns = load_survey(name).columns
    assert {column.name for column in columns} == set(SCHEMAS[name].names)
    types = {"bigint": pa.int64(), "text": pa.string()}
    assert all(SCHEMAS[name].field(column.name).type == types[column.type] for column in columns if column.type)


def test_simulated_positions_have_the_epochs_of_the_simulation() -> None:
    expected = {
        "sim_optical": (OPTICAL_EPOCH, "", "yr"),
        "sim_nir": (None, "jdate", "jd"),
        "sim_mir": (MIR_EPOCH, "", "yr"),
        "sim_astrometry": (ASTROMETRY_EPOCH, "ref_epoch", "yr"),
        "sim_truth": (ASTROMETRY_EPOCH, "", "yr"),
    }
    surveys = {name: load_survey(name) for name in SIMULATED}
    assert {name: (s.epoch, s.epoch_column, s.epoch_unit) for name, s in surveys.items()} == expected
    (classes,) = (column for column in surveys["sim_truth"].columns if column.name == "class")
    assert classes.description == f"One of {', '.join(CLASSES)}"


def test_gaia_dr3_is_edr3_with_more() -> None:
    edr3, dr3 = load_survey("gaia_edr3"), load_survey("gaia_dr3")
    old, new = ({column.name for column in survey.columns} for survey in (edr3, dr3))
    assert old - new == {"dr2_radial_velocity", "dr2_radial_velocity_error"}
    assert {"radial_velocity", "teff_gspphot", "classprob_dsc_combmod_quasar"} <= new
    assert dr3.archive == Archive("https://gea.esac.esa.int/tap-server/tap", "gaiadr3.gaia_source")
    assert (dr3.epoch, dr3.epoch_column, dr3.epoch_unit) == (2016.0, "ref_epoch", "yr")
    assert {column.role for column in dr3.columns} - {""} == ROLES.keys() - {
        "ra_dec_cosigma",
        "pos_error",
        "error_minor",
        "error_angle",
    }


def test_galaxy_zoo_2_has_all_answers() -> None:
    names = [column.name for column in load_survey("gz2_hart16").columns]
    assert len(names) == 9 + 37 * 6
    assert names[:7] == ["dr7objid", "ra", "dec", "rastring", "decstring", "sample", "gz2_class"]
    assert names[7:9] == ["total_classifications", "total_votes"]
    assert names[9:15] == [
        f"t01_smooth_or_features_a01_smooth_{measure}"
        for measure in ("count", "weight", "fraction", "weighted_fraction", "debiased", "flag")
    ]
    assert names[-1] == "t11_arms_number_a37_cant_tell_flag"


@pytest.mark.real
def test_galaxy_zoo_2_knows_every_column_of_the_published_table(real_data: Path) -> None:
    table = real_data / "galaxy_zoo" / "gz2_stripe82_coadd_table5.parquet"
    columns = [Column(name, kind) for name, kind, *_ in duckdb.execute(f"DESCRIBE FROM '{table}'").fetchall()]
    described = load_survey("gz2_hart16").describe(columns)
    assert [column.name for column in described if not column.description] == []


def test_vizier_names_get_the_metadata_and_stay() -> None:
    columns = [
        Column("_2MASS", "VARCHAR"),
        Column("RAJ2000", "DOUBLE"),
        Column("DEJ2000", "DOUBLE"),
        Column("JD", "DOUBLE"),
        Column("e_Jmag", "FLOAT"),
        Column("other", "FLOAT", "mag"),
    ]
    assert load_survey("twomass_psc").describe(columns) == (
        Column(
            *("_2MASS", "VARCHAR", "", "meta.id;meta.main"),
            description="Name from the position, hhmmssss+ddmmsss",
            role="id",
        ),
        Column(
            *("RAJ2000", "DOUBLE", "deg", "pos.eq.ra;meta.main"),
            description="Right ascension, ICRS, at jdate",
            role="ra",
        ),
        Column(
            *("DEJ2000", "DOUBLE", "deg", "pos.eq.dec;meta.main"), description="Declination, ICRS, at jdate", role="dec"
        ),
        Column(
            *("JD", "DOUBLE", "d", "time.epoch"),
            xtype="jd",
            description="Julian date of the observation, +-30 s",
            role="epoch",
        ),
        Column(
            *("e_Jmag", "FLOAT", "mag", "stat.error;phot.mag;em.IR.J"),
            description="J magnitude error, calibration included",
        ),
        Column("other", "FLOAT", "mag"),
    )


def test_the_unit_of_the_file_stays() -> None:
    """Files of the VISTA archive may hold radians, and say so."""
    (ra,) = load_survey("vhs").describe([Column("RA", "DOUBLE", "rad", description="as exported")])
    assert ra == Column("RA", "DOUBLE", "rad", "pos.eq.ra;meta.main", description="as exported", role="ra")


def test_positions_in_text_get_no_unit_of_numbers() -> None:
    described = load_survey("sdss_dr18_phot").describe([Column("ra", "VARCHAR"), Column("dec", "VARCHAR", "d:m:s")])
    assert [(column.unit, column.role) for column in described] == [("", "ra"), ("d:m:s", "dec")]


def test_the_archives_own_name_takes_the_role() -> None:
    described = load_survey("gaia_dr3").describe([Column("RA_ICRS", "DOUBLE"), Column("ra", "DOUBLE")])
    assert [(column.name, column.unit, column.role) for column in described] == [
        ("RA_ICRS", "deg", ""),
        ("ra", "deg", "ra"),
    ]


def test_names_have_any_case_and_aliases_their_own() -> None:
    survey = load_survey("sdss_dr18_phot")
    described = survey.describe([Column(name, "FLOAT") for name in ("PSFMAG_R", "upmag", "uPmag", "UPMAG")])
    assert [column.description for column in described] == [
        *("Point-source magnitude in r (AB)", "Point-source magnitude in u (AB)", "Petrosian magnitude in u (AB)"),
        "",
    ]


def test_values_that_mean_nothing_and_identifiers_are_found_by_the_files_names() -> None:
    survey = load_survey("panstarrs_dr2")
    columns = [Column("objid", "BIGINT"), Column("gmag", "FLOAT"), Column("qualityFlag", "SMALLINT")]
    assert survey.nulls(columns) == {"gmag": (-999,)}
    assert survey.id_types(columns) == {"objid": "bigint"}
    vista = load_survey("vhs").nulls([Column("ksAperMag3", "FLOAT"), Column("sourceID", "BIGINT")])
    written = duckdb.execute("SELECT (-0.9999995e9)::FLOAT::DOUBLE, -0.9999995e9::DOUBLE").fetchall()
    assert set(vista["ksAperMag3"]) == set(*written)
    assert "sourceID" not in vista


def test_identifiers_beyond_bigint_are_text() -> None:
    """Plate 12547 of eBOSS: specObjID = plate * 2**50 + ... is above 2**63."""
    assert 12547 * 2**50 > 2**63 - 1
    survey = load_survey("sdss_dr18_spec")
    assert survey.id_types([Column("specObjID", "UBIGINT"), Column("bestObjID", "BIGINT")]) == {
        "specObjID": "text",
        "bestObjID": "bigint",
    }


def test_bands_have_the_files_names() -> None:
    columns = [Column(name, "FLOAT") for name in ("W1mag", "e_W1mag", "w2mpro", "e_W3mag")]
    assert load_survey("allwise").bands_of(columns) == (
        Band("W1", "W1mag", "e_W1mag", "Vega", 3.353),
        Band("W2", "w2mpro", "", "Vega", 4.603),
    )


@given(st.lists(st.text(min_size=1, max_size=8), unique_by=str.lower))
def test_describing_keeps_names_types_and_order(names: list[str]) -> None:
    columns = [Column(name, "DOUBLE") for name in ["ra", "Gmag", *names]]
    described = load_survey("gaia_dr3").describe(columns)
    assert [(column.name, column.type) for column in described] == [(column.name, "DOUBLE") for column in columns]


def test_a_user_adds_a_survey_by_a_file(tmp_path: Path) -> None:
    survey = load_survey(definition(tmp_path, SMALL))
    assert (survey.name, survey.title, survey.frame, survey.match_radius_arcsec) == ("mine", "Mine", "ICRS", 1.0)
    assert survey.columns[0] == SurveyColumn("id", "bigint", "", "meta.id;meta.main", "", "id")


def test_a_store_adds_and_replaces_surveys(tmp_path: Path) -> None:
    (tmp_path / "surveys").mkdir()
    definition(tmp_path / "surveys", SMALL)
    definition(tmp_path / "surveys", 'extends = "gaia_dr3"\nmatch_radius_arcsec = 5', "gaia_dr3")
    assert survey_names(tmp_path) == tuple(sorted((*survey_names(), "mine")))
    assert load_survey("mine", tmp_path).title == "Mine"
    replaced, packaged = load_survey("gaia_dr3", tmp_path), load_survey("gaia_dr3")
    assert (replaced.match_radius_arcsec, packaged.match_radius_arcsec) == (5, 1)
    assert replaced.columns == packaged.columns


def test_extending_replaces_columns_by_name(tmp_path: Path) -> None:
    text = """
extends = "gaia_dr3"
without = ["pmra", "pmdec", "{probability}"]
columns = [ { name = "parallax", unit = "arcsec", description = "mine" } ]
"""
    survey = load_survey(definition(tmp_path, text))
    columns = {column.name: column for column in survey.columns}
    assert columns["parallax"] == SurveyColumn("parallax", unit="arcsec", description="mine")
    assert columns.keys() == {column.name for column in load_survey("gaia_dr3").columns} - {"pmra", "pmdec"}


def test_patterns_write_all_combinations(tmp_path: Path) -> None:
    text = """
title = "Patterns"
columns = [ { name = "{band}_{n}", ucd = "{band.ucd}", aliases = ["{n}{band}"], description = "{band} of {n}, {x}" } ]
[expand]
n = ["1", "2"]
band = [{ name = "u", ucd = "em.opt" }, { name = "v", ucd = "em.IR" }]
"""
    with pytest.raises(BadFile, match=re.escape("nothing to put for '{x}' in '{band} of {n}, {x}'")):
        load_survey(definition(tmp_path, text))
    survey = load_survey(definition(tmp_path, text.replace(", {x}", "").replace("em.", "phot.mag;em.")))
    assert [(column.name, column.ucd, column.aliases, column.description) for column in survey.columns] == [
        ("u_1", "phot.mag;em.opt", ("1u",), "u of 1"),
        ("u_2", "phot.mag;em.opt", ("2u",), "u of 2"),
        ("v_1", "phot.mag;em.IR", ("1v",), "v of 1"),
        ("v_2", "phot.mag;em.IR", ("2v",), "v of 2"),
    ]


def test_an_unknown_survey_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(BadOption) as error:
        load_survey("gaia_dr9", tmp_path)
    assert str(error.value) == (
        f"no survey 'gaia_dr9': take one of {', '.join(survey_names())}, or the path of a .toml definition"
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("title", "titel"), "unknown key 'titel'; the keys are name, title, columns, description, licence, "),
        (('title = "Mine"', ""), "'title' is missing"),
        (('title = "Mine"', "title = 3"), "'title' must be a text, not 3"),
        (('title = "Mine"', 'title = "Mine'), "cannot be read as TOML: "),
        (
            ('title = "Mine"', 'title = "Mine"\nname = "x"'),
            "no 'name' here: the name of a definition is the name of its",
        ),
        (('title = "Mine"', 'title = "Mine"\nepoch = "J2000"'), "'epoch' must be a number, not 'J2000'"),
        (('title = "Mine"', 'title = "Mine"\nframe = "B1950"'), "frame 'B1950' is none of ICRS, FK5, FK4, GALACTIC, "),
        (('title = "Mine"', 'title = "Mine"\nepoch_unit = "s"'), "epoch_unit 's' is none of yr, jd, mjd"),
        (('title = "Mine"', 'title = "Mine"\nepoch_column = "t"'), "there is no column 't'"),
        (('title = "Mine"', 'title = "Mine"\nexpand = 1'), "'expand' must be a table of lists"),
        (('title = "Mine"', 'title = "Mine"\nextends = "x"'), "'extends' must name one of allwise, gaia_dr3, "),
        (
            ('title = "Mine"', 'title = "Mine"\nbands = [{ name = "r", magnitude = "r_mag" }]'),
            "there is no column 'r_mag'",
        ),
        (('title = "Mine"', 'title = "Mine"\nbands = [{ name = "r" }]'), "band 'r': 'magnitude' is missing"),
        (('title = "Mine"', 'title = "Mine"\nbands = "r"'), "'bands' must be a list of tables"),
        (('title = "Mine"', 'title = "Mine"\narchive = "tap"'), "archive: must be a table, not 'tap'"),
        (('"id", type', '"id", typo'), "column 'id': unknown key 'typo'; the keys are name, type, unit, "),
        (('type = "bigint", ', ""), "column 'id': an id needs a 'type', one of bigint, text"),
        (("bigint", "double"), "column 'id': type 'double' is none of bigint, text; columns that are no identifiers"),
        (("meta.main", "meta.mine"), "column 'id': 'meta.id;meta.mine' is not a UCD1+"),
        (('role = "dec"', 'role = "decl"'), "column 'dec': unknown role 'decl'; the roles are id, ra, dec, epoch, "),
        (('role = "dec"', 'role = "ra"'), "two columns have the role 'ra'"),
        (('role = "dec", ', ""), "one of the roles 'ra' and 'dec' is missing"),
        (('role = "dec"', 'role = "epoch"'), "column 'dec': say 'epoch_column' and 'epoch_unit' of the survey instead"),
        (('"dec", unit = "deg"', '"dec", unit = "DEGREE"'), "column 'dec': unit 'DEGREE' is not VOUnits; should it be"),
        (
            ('"dec", unit = "deg"', '"dec", unit = "mag"'),
            "column 'dec': unit 'mag' is no unit for the role 'dec', which",
        ),
        (('"dec", unit = "deg"', '"dec", aliases = "d"'), "column 'dec': 'aliases' must be a list of texts, not 'd'"),
        (('"dec", unit = "deg"', '"dec", null = ["x"]'), "column 'dec': 'null' must be a list of numbers, not ['x']"),
        (('name = "dec"', 'name = "RA"'), "'ra' is there twice, as a name or an alias"),
        (('name = "dec"', 'name = "dec", aliases = ["Id"]'), "'id' is there twice, as a name or an alias"),
        (('name = "dec"', 'name = "{d}ec"'), "column: '{d}ec' needs a list 'expand.d'"),
        (('name = "dec", ', ""), "column None: 'name' is missing"),
    ],
)
def test_mistakes_are_named_with_file_and_key(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    path = definition(tmp_path, SMALL.replace(*change, 1) if SMALL.count(change[0]) == 1 else SMALL.replace(*change))
    with pytest.raises(BadFile) as error:
        load_survey(path)
    assert str(error.value).startswith(f"{path}: {fault}")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"nowhere\.toml: cannot be read as TOML: \[Errno 2\] No such file"):
        load_survey(str(tmp_path / "nowhere.toml"))


def test_error_ellipses_are_read_under_the_names_of_archives_and_of_vizier() -> None:
    allwise, twomass = load_survey("allwise"), load_survey("twomass_psc")
    roles = {column.name: column.role for survey in (allwise, twomass) for column in survey.columns}
    assert [roles[name] for name in ("eeMaj", "eeMin", "eePA")] == ["pos_error", "error_minor", "error_angle"]
    assert [roles[name] for name in ("err_maj", "err_min", "err_ang")] == ["pos_error", "error_minor", "error_angle"]
    assert [roles[name] for name in ("sigra", "sigdec", "sigradec")] == ["ra_error", "dec_error", "ra_dec_cosigma"]
