"""Roles of real files, of files with UCDs, of files that leave it open."""

from __future__ import annotations

import random

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.roles import GALACTIC, ROW_ID, assign_roles
from skyband.schema.survey import load_survey
from tests.schema.roles_told import ID_HINT, no_position, played, table, the


def test_rounded_identifiers_are_refused_even_where_the_survey_names_them() -> None:
    columns = table("objid DOUBLE", "ra DOUBLE", "dec DOUBLE", "row_id BIGINT")
    with pytest.raises(BadTable, match="column 'objid' cannot be the id: it is DOUBLE, and floats round"):
        assign_roles(columns, survey=load_survey("sdss_dr18_phot"))
    for identifier in ("row_id", ROW_ID):
        roles = assign_roles(columns, survey=load_survey("sdss_dr18_phot"), given={"id": identifier})
        assert played(roles).get("id", ROW_ID) == identifier
        assert roles.number_rows == (identifier == ROW_ID)


def test_whole_columns_of_a_file_with_a_survey() -> None:
    columns = (
        Column("Source", "BIGINT"),
        Column("RA_ICRS", "DOUBLE", "rad"),
        Column("DE_ICRS", "DOUBLE", "rad"),
        Column("e_Plx", "VARCHAR"),
        Column("Plx", "FLOAT"),
        Column("note", "VARCHAR", role="id"),
    )
    roles = assign_roles(columns, survey=load_survey("gaia_dr3"))
    ra, dec = "Right ascension, ICRS, at ref_epoch", "Declination, ICRS, at ref_epoch"
    assert roles.columns == (
        Column(
            *("Source", "BIGINT", "", "meta.id;meta.main"),
            description="Source identifier, unique in its data release",
            role="id",
        ),
        Column("RA_ICRS", "DOUBLE", "rad", "pos.eq.ra;meta.main", description=ra, role="ra"),
        Column("DE_ICRS", "DOUBLE", "rad", "pos.eq.dec;meta.main", description=dec, role="dec"),
        Column(*("e_Plx", "VARCHAR", "mas", "stat.error;pos.parallax.trig"), description="1 sigma error of parallax"),
        Column(*("Plx", "FLOAT", "mas", "pos.parallax.trig"), description="Absolute stellar parallax", role="parallax"),
        Column("note", "VARCHAR"),
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            table(
                *("name VARCHAR  meta.id", "x VARCHAR  meta.id;meta.main"),
                *("a DOUBLE deg pos.eq.ra;meta.main", "d DOUBLE deg pos.eq.dec;meta.main"),
                *("ra DOUBLE deg pos.eq.ra", "dec DOUBLE deg pos.eq.dec"),
                *("ma DOUBLE mas/yr pos.pm;pos.eq.ra", "md DOUBLE mas/yr pos.pm;pos.eq.dec"),
                *("p DOUBLE mas pos.parallax.trig", "ep DOUBLE mas stat.error;pos.parallax.trig"),
                *("ea DOUBLE arcsec stat.error;pos.eq.ra", "ed DOUBLE arcsec stat.error;pos.eq.dec"),
            ),
            {
                **{"id": "x", "ra": "a", "dec": "d", "pmra": "ma", "pmdec": "md", "parallax": "p"},
                **{"parallax_error": "ep", "ra_error": "ea", "dec_error": "ed"},
            },
        ),
        (
            table("n BIGINT  ID_MAIN", "a DOUBLE deg POS_EQ_RA_MAIN", "d DOUBLE deg POS_EQ_DEC_MAIN"),
            {"id": "n", "ra": "a", "dec": "d"},
        ),
        # Components of sexagesimal positions have the UCD too, and no angle as unit.
        (
            table(
                *("id BIGINT", "RAh INTEGER h pos.eq.ra", "RAm INTEGER min pos.eq.ra", "DEd INTEGER deg pos.eq.dec"),
                *("_RAJ2000 DOUBLE deg pos.eq.ra", "_DEJ2000 DOUBLE deg pos.eq.dec", "DEm INTEGER min pos.eq.dec"),
            ),
            {"id": "id", "ra": "_RAJ2000", "dec": "_DEJ2000"},
        ),
        # VizieR adds its own computed position to the catalogue's.
        (
            table("id BIGINT", "_RAJ2000 DOUBLE", "_DEJ2000 DOUBLE", "RA_ICRS DOUBLE", "DE_ICRS DOUBLE"),
            {"id": "id", "ra": "RA_ICRS", "dec": "DE_ICRS"},
        ),
        (
            table("id BIGINT", "RAJ2000 VARCHAR", "DEJ2000 VARCHAR", "_RAJ2000 DOUBLE", "_DEJ2000 DOUBLE"),
            {"id": "id", "ra": "RAJ2000", "dec": "DEJ2000"},
        ),
        (
            table("NUMBER BIGINT", "id BIGINT", "ALPHA_J2000 DOUBLE", "DELTA_J2000 DOUBLE"),
            {"id": "id", "ra": "ALPHA_J2000", "dec": "DELTA_J2000"},
        ),
        (
            table("source_id BIGINT", "designation VARCHAR", "RA DOUBLE", "Dec DOUBLE"),
            {"id": "source_id", "ra": "RA", "dec": "Dec"},
        ),
        (table("id UBIGINT", "RAdeg FLOAT", "DEdeg FLOAT"), {"id": "id", "ra": "RAdeg", "dec": "DEdeg"}),
        (table("id UUID", "RA(deg) DOUBLE", "DEC(deg) DOUBLE"), {"id": "id", "ra": "RA(deg)", "dec": "DEC(deg)"}),
        (
            table("id DECIMAL(20,0)", "ra DECIMAL(9,6)", "dec DECIMAL(9,6)"),
            {"id": "id", "ra": "ra", "dec": "dec"},
        ),
        # Half a pair says nothing; an error without a unit could be in any.
        (table("id BIGINT", "ra DOUBLE", "dec DOUBLE", "pmra DOUBLE"), {"id": "id", "ra": "ra", "dec": "dec"}),
        (
            table("id BIGINT", "ra DOUBLE", "dec DOUBLE", "ra_error DOUBLE", "dec_error DOUBLE", "pos_err FLOAT"),
            {"id": "id", "ra": "ra", "dec": "dec"},
        ),
        (
            table("id BIGINT", "ra DOUBLE", "dec DOUBLE", "raErr_arcsec DOUBLE", "decErr DOUBLE ARCSEC"),
            {"id": "id", "ra": "ra", "dec": "dec", "ra_error": "raErr_arcsec", "dec_error": "decErr"},
        ),
        (
            table("id BIGINT", "ra DOUBLE", "dec DOUBLE", "pos_err FLOAT", "e DOUBLE arcsec stat.error;pos.eq"),
            {"id": "id", "ra": "ra", "dec": "dec", "pos_error": "e"},
        ),
        # Of two that could be, neither is.
        (
            table("id BIGINT", "ra DOUBLE", "dec DOUBLE", "p DOUBLE mas pos.parallax", "q DOUBLE mas pos.parallax"),
            {"id": "id", "ra": "ra", "dec": "dec"},
        ),
        (
            table("id BIGINT", "ra DOUBLE", "dec DOUBLE", "parallax DOUBLE km", "pmra DOUBLE", "pmdec BOOLEAN"),
            {"id": "id", "ra": "ra", "dec": "dec"},
        ),
    ],
)
def test_roles_by_ucd_and_by_name(columns: tuple[Column, ...], expected: dict[str, str]) -> None:
    assert played(assign_roles(columns)) == expected


def test_units_are_filled_in_where_there_is_a_convention() -> None:
    columns = table("id BIGINT", "ra DOUBLE", "dec DOUBLE degrees", "pmra DOUBLE", "pmdec DOUBLE arcsec/yr", "rv FLOAT")
    assert [(column.name, column.unit) for column in assign_roles(columns).columns] == [
        *(("id", ""), ("ra", "deg"), ("dec", "deg"), ("pmra", "mas.yr**-1"), ("pmdec", "arcsec.yr**-1")),
        ("rv", "km.s**-1"),
    ]


@pytest.mark.parametrize(
    ("columns", "units"),
    [
        (table("id BIGINT", "ra VARCHAR", "dec VARCHAR"), ("", "")),
        (table("id BIGINT", "ra TIME", "dec VARCHAR"), ("", "")),
        (table("id BIGINT", 'ra VARCHAR "h:m:s"', 'dec VARCHAR "d:m:s"'), ("h:m:s", "d:m:s")),
        (table("id BIGINT", "RA(hms) VARCHAR", "DEC(dms) VARCHAR"), ("h:m:s", "d:m:s")),
    ],
)
def test_sexagesimal_text_is_a_position(columns: tuple[Column, ...], units: tuple[str, str]) -> None:
    roles = assign_roles(columns)
    assert (the("ra", roles).unit, the("dec", roles).unit) == units


def test_right_ascension_may_be_in_hours() -> None:
    roles = assign_roles(table("id BIGINT", "ra DOUBLE hours", "dec DOUBLE deg"))
    assert (the("ra", roles).unit, the("dec", roles).unit) == ("h", "deg")


@pytest.mark.parametrize(
    ("columns", "given", "frame"),
    [
        (table("id BIGINT", "GLON DOUBLE", "GLAT DOUBLE"), {}, GALACTIC),
        (table("id BIGINT", "l DOUBLE", "b DOUBLE"), {}, GALACTIC),
        (table("id BIGINT", "x DOUBLE deg pos.galactic.lon", "y DOUBLE deg pos.galactic.lat"), {}, GALACTIC),
        (table("id BIGINT", "l DOUBLE", "b DOUBLE", "ra DOUBLE", "dec DOUBLE"), {}, "ICRS"),
        (table("id BIGINT", "l DOUBLE", "b DOUBLE", "ra DOUBLE", "dec DOUBLE"), {"ra": "l", "dec": "b"}, GALACTIC),
        (table("id BIGINT", "u DOUBLE", "v DOUBLE"), {"ra": "u", "dec": "v"}, "ICRS"),
    ],
)
def test_galactic_positions_are_said_to_be(columns: tuple[Column, ...], given: dict[str, str], frame: str) -> None:
    roles = assign_roles(columns, given=given)
    expected = (
        ("ra", "dec")
        if frame == "ICRS" and not given
        else tuple(given.values()) or tuple(column.name for column in columns[1:])
    )
    assert (roles.frame, the("ra", roles).name, the("dec", roles).name) == (frame, *expected)


@pytest.mark.parametrize(
    ("epoch", "survey", "expected"),
    [
        (Column("jdate", "DOUBLE"), "twomass_psc", ("d", "jd")),
        (Column("mjd", "INTEGER"), "sdss_dr18_phot", ("d", "mjd")),
        (Column("epochMean", "DOUBLE"), "panstarrs_dr2", ("d", "mjd")),
        (Column("ref_epoch", "DOUBLE"), "gaia_dr3", ("yr", "")),
        (Column("epoch", "DOUBLE", "Years"), "ukidss_las", ("yr", "")),
        (Column("when", "DOUBLE"), None, ("yr", "")),
        (Column("MJD", "DOUBLE"), None, ("d", "mjd")),
        (Column("hjd", "DOUBLE", "d", description="Heliocentric Julian date"), None, ("d", "jd")),
        (Column("t", "DOUBLE", "d", description="Modified Julian Date"), None, ("d", "mjd")),
    ],
)
def test_epochs_say_what_they_count(epoch: Column, survey: str | None, expected: tuple[str, str]) -> None:
    definition = load_survey(survey) if survey else None
    names = {c.role: c.name for c in definition.columns} if definition else {role: role for role in ("id", "ra", "dec")}
    kind = "VARCHAR" if survey == "twomass_psc" else "BIGINT"
    columns = (Column(names["id"], kind), Column(names["ra"], "DOUBLE"), Column(names["dec"], "DOUBLE"), epoch)
    roles = assign_roles(columns, survey=definition, given={} if definition else {"epoch": epoch.name})
    found = the("epoch", roles)
    assert (found.name, found.unit, found.xtype) == (epoch.name, *expected)


SKY = table("id BIGINT", "ra DOUBLE", "dec DOUBLE")


def test_dates_of_anything_are_no_epoch_of_the_position() -> None:
    columns = (*SKY, *table("mjd DOUBLE d time.epoch", "Epoch DOUBLE d time.epoch", "epoch DOUBLE"))
    assert assign_roles(columns).column("epoch") is None


@pytest.mark.parametrize(
    ("columns", "given", "message"),
    [
        (
            table("id BIGINT", "ra DOUBLE", "dec DOUBLE", "RAJ2000 DOUBLE", "DEJ2000 DOUBLE"),
            {},
            "several columns could be the position: ra with dec, RAJ2000 with DEJ2000; give --ra COLUMN --dec COLUMN",
        ),
        (
            table(
                "a DOUBLE deg pos.eq.ra", "b DOUBLE deg pos.eq.dec", "c DOUBLE deg pos.eq.ra", "d DOUBLE deg pos.eq.dec"
            ),
            {},
            "several columns could be the position: a with b, c with d; give --ra COLUMN --dec COLUMN",
        ),
        (table("id BIGINT", "ra INTEGER h", "dec INTEGER deg"), {}, no_position("candidates are ra, dec")),
        (
            table("id BIGINT", "ra DOUBLE mag", "dec DOUBLE deg"),
            {"ra": "ra", "dec": "dec"},
            "column 'ra' cannot be the ra: it is DOUBLE in 'mag', which cannot be turned into 'deg'",
        ),
        (
            table("ra DOUBLE", "dec DOUBLE", "source_id FLOAT"),
            {},
            "column 'source_id' cannot be the id: it is FLOAT, and",
        ),
        (SKY, {"id": "ra"}, "column 'ra' cannot be the id: it is DOUBLE, and floats round long identifiers; keep it"),
        (
            (*SKY, Column("t", "TIMESTAMP")),
            {"id": "t"},
            f"column 't' cannot be the id: it is TIMESTAMP; {ID_HINT}",
        ),
        (
            (*SKY, Column("t", "TIMESTAMP")),
            {"epoch": "t"},
            "column 't' cannot be the epoch: it is TIMESTAMP, not a number",
        ),
        (
            (*SKY, Column("t", "DOUBLE", "d")),
            {"epoch": "t"},
            "column 't' cannot be the epoch: it is in 'd', and nothing says whether these are Julian or",
        ),
        (
            (*SKY, Column("e", "DOUBLE")),
            {"pos_error": "e"},
            "column 'e' cannot be the pos_error: it is DOUBLE without a unit; name it with its unit, as in e_arcsec",
        ),
    ],
)
def test_what_cannot_be_is_said(columns: tuple[Column, ...], given: dict[str, str], message: str) -> None:
    with pytest.raises(BadTable) as error:
        assign_roles(columns, given=given)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"id": "name"}, "--id name: the file has no such column, it has id, ra, dec"),
        ({"ra": "ra"}, "--ra and --dec belong together: give both or none"),
        ({"ra": "ra", "dec": "ra"}, "--dec ra: the column has been given another role already"),
        ({"colour": "ra"}, "no role 'colour': the roles are id, ra, dec, epoch, "),
    ],
)
def test_options_that_fit_no_file_are_said(given: dict[str, str], message: str) -> None:
    with pytest.raises(BadOption) as error:
        assign_roles(SKY, given=given)
    assert str(error.value).startswith(message)


def test_a_column_plays_one_role_and_the_users_word_counts() -> None:
    columns = (*SKY, *table("ra_error DOUBLE mas", "dec_error DOUBLE mas", "parallax BIGINT mas"))
    roles = assign_roles(columns, given={"pos_error": "ra_error", "id": "parallax"})
    assert played(roles) == {"id": "parallax", "ra": "ra", "dec": "dec", "pos_error": "ra_error"}


def test_tables_without_positions_need_only_an_id() -> None:
    roles = assign_roles(table("objid BIGINT", "asset_id BIGINT"), survey=load_survey("gz2_filename_mapping"))
    assert played(roles) == {"id": "asset_id"}


def test_a_file_without_the_surveys_position_is_searched() -> None:
    columns = table("source_id BIGINT", "ra DOUBLE", "GLON DOUBLE", "GLAT DOUBLE")
    roles = assign_roles(columns, survey=load_survey("gaia_dr3"))
    assert (roles.frame, played(roles)) == (GALACTIC, {"id": "source_id", "ra": "GLON", "dec": "GLAT"})


NAMES = [
    "id",
    "RA",
    "Dec",
    "_RAJ2000",
    "_DEJ2000",
    "designation",
    "pmRA",
    "pmDE",
    "Plx",
    "glon",
    "glat",
    "mag",
    "recno",
]


@for_all(st.lists(st.sampled_from(NAMES), unique=True), st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(names: list[str], order: random.Random) -> None:
    columns = [Column(name, "BIGINT" if name in ("id", "recno") else "DOUBLE") for name in ["_2MASS", *names]]
    columns[0] = Column("_2MASS", "VARCHAR")
    shuffled = list(columns)
    order.shuffle(shuffled)
    answers: list[object] = []
    for version in (columns, shuffled):
        try:
            roles = assign_roles(version)
            answers.append((played(roles), roles.frame))
        except BadTable as error:
            answers.append(str(error)[:40])
    assert answers[0] == answers[1]
