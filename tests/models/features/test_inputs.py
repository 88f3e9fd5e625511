"""Which columns of a table are which input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from skyband.models.features import FeatureOptions, feature_table
from skyband.models.features.inputs import bind_inputs
from skyband.queries import Sky
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import MatchOptions, crossmatch
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile, BadOption
from skyband.schema.store import Store
from skyband.schema.survey import load_survey
from skyband.schema.writer import write_table
from tests.conftest import MakeTable, publish_rows

PLACE: dict[str, Any] = {"id": [1, 2, 3], "ra": [10.0, 20.0, 30.0], "dec": [0.0, 1.0, 2.0]}


def floats(*values: float | None) -> pa.Array:
    return pa.array(values, pa.float32())


def test_a_matched_catalogue_has_the_bands_of_its_members(sky: Sky) -> None:
    bound = bind_inputs(sky.table("objects"), {}, sky.store.path)
    origins = {name: (found.origin, found.survey, found.system) for name, found in bound.items()}
    assert origins["u"] == ("sim_optical.psfMag_u", "sim_optical", "AB")
    assert origins["model_r"] == ("sim_optical.modelMag_r", "sim_optical", "")
    assert origins["gaia_g"] == ("sim_astrometry.phot_g_mean_mag", "sim_astrometry", "Vega")
    assert origins["k"] == ("sim_nir.k_m", "sim_nir", "Vega")
    assert origins["w4_error"] == ("sim_mir.w4sigmpro", "sim_mir", "Vega")
    assert origins["parallax"] == ("column parallax", "", "")
    assert origins["match_probability"] == ("column p_match", "", "")
    assert not {"y", "redshift", "radius_90"} & origins.keys()


def test_a_survey_alone_has_its_own(sky: Sky) -> None:
    bound = bind_inputs(sky.table("sim_mir"), {}, sky.store.path)
    assert set(bound) == {*(f"w{n}{kind}" for n in range(1, 5) for kind in ("", "_error")), "extended_mir"}
    assert {"gaia_g", "bp", "rp", "parallax", "pmra_error", "ruwe"} <= bind_inputs(
        sky.table("sim_astrometry"), {}, sky.store.path
    ).keys()


def test_columns_renamed_in_the_match_are_found(sky: Sky, simulated: Store) -> None:
    """Both tables have the same columns, so that every one gets the name of its table in front."""
    crossmatch(simulated, MatchOptions(left="sim_mir", right="sim_nir", radius_arcsec=2.0, into="two", replace=True))
    combine(
        simulated,
        CombineOptions(match="two", into="pair", columns={"sim_nir": ("ph_qual", "j_m", "j_msigcom")}, replace=True),
    )
    info = sky.table("pair")
    assert {pair["name"]: pair["here"] for pair in info.details["columns"]["sim_nir"]}["ph_qual"] == "sim_nir_ph_qual"
    bound = bind_inputs(info, {}, sky.store.path)
    assert bound["j"].origin == "sim_nir.j_m" and "h" not in bound
    values = feature_table(sky, "pair", FeatureOptions(features=("j_minus_w1",))).rows().to_pandas()
    expected = sky.sql("SELECT object_id, j_m - w1mpro AS d FROM pair").to_pandas()
    both = values.merge(expected, on="object_id")
    assert both.d.notna().sum() > 100
    assert (both.j_minus_w1 - both.d).abs().max() < 1e-5


def test_the_survey_with_most_bands_gives_those_that_several_have(store: Store) -> None:
    known = {name: floats(20.0, 21.0, 22.0) for name in ("gMeanPSFMag", "rMeanPSFMag", "gMeanPSFMagErr", "yMeanPSFMag")}
    publish_rows(store, "ps", **PLACE, **known)
    publish_rows(store, "sdss", **PLACE, **{f"modelMag_{band}": floats(19.0, 20.0, 21.0) for band in "ugriz"})
    for name, survey in (("ps", "panstarrs_dr2"), ("sdss", "sdss_dr18_phot")):
        reingest(store, name, survey)
    crossmatch(store, MatchOptions(left="ps", right="sdss", radius_arcsec=1.0, into="m"))
    combine(store, CombineOptions(match="m", into="both", error_arcsec={"ps": 0.1, "sdss": 0.1}))
    with Sky(store.path) as sky:
        bound = bind_inputs(sky.table("both"), {}, store.path)
    assert {name: bound[name].origin for name in "ugriz"} == {name: f"sdss.modelMag_{name}" for name in "ugriz"}
    assert bound["y"].origin == "ps.yMeanPSFMag"


def reingest(store: Store, name: str, survey: str) -> None:
    """Say of what survey a table is."""
    columns = {column.name: column for column in store.info(name).columns}
    with write_table(store, name) as writer:
        writer.connection.execute(f"CREATE TABLE new.main.data AS FROM t_{name}.main.data ORDER BY healpix_29")
        writer.publish(action="test", command="", columns=columns, survey=survey, epoch=2010.0)


def test_ucds_and_names_tell_bands(store: Store, make_table: MakeTable) -> None:
    make_table(
        "mine",
        **PLACE,
        a=floats(15, 16, 17),
        e_a=floats(0.1, None, 0.2),
        b=floats(14, 15, 16),
        gmag=floats(20, 21, 22),
        W1mag=floats(12, 13, 14),
        Gmag_2=floats(1, 1, 1),
        metadata=[Column("a", "", ucd="phot.mag;em.IR.J"), Column("b", "", ucd="phot.mag;em.IR.K", unit="mag")],
    )
    with Sky(store.path) as sky:
        bound = bind_inputs(sky.table("mine"), {}, store.path)
        assert {name: found.origin for name, found in bound.items()} == {
            "j": "column a", "j_error": "column e_a", "k": "column b", "g": "column gmag", "w1": "column W1mag",
        }  # fmt: skip
        rows = feature_table(sky, "mine", FeatureOptions(features=("j_minus_k", "k_minus_w1"))).rows().rows()
    assert sorted((row[0], *row[2:]) for row in rows) == [(1, 1.0, 2.0), (2, None, 2.0), (3, 1.0, 2.0)]


def test_the_archives_names_are_known_without_a_definition(store: Store, make_table: MakeTable) -> None:
    make_table(
        "mine", **PLACE, w3mpro=floats(12, 13, 14), w3sigmpro=floats(0.1, None, 0.1), j_m=floats(15, 16, 17),
        psfMag_u=floats(20, 21, 22), psfMagErr_u=floats(0.1, 0.1, None), errJ_m=floats(1, 1, 1),
    )  # fmt: skip
    with Sky(store.path) as sky:
        table = feature_table(sky, "mine", FeatureOptions(features=("u_mag", "j_mag", "w3_mag", "j_error_mag")))
        rows = sorted((row[0], *row[2:]) for row in table.rows().rows())
    assert rows == [(1, 20.0, 15.0, 12.0, 1.0), (2, 21.0, 16.0, None, 1.0), (3, None, 17.0, 14.0, 1.0)]


def test_single_letters_are_bands_in_company_alone(store: Store, make_table: MakeTable) -> None:
    make_table("spectra", **PLACE, z=floats(0.1, 0.2, 0.3))
    make_table("colours", **PLACE, **{name: floats(20, 19, 18) for name in "ugriz"})
    make_table(
        "both",
        **PLACE,
        **{name: floats(20, 19, 18) for name in "ugriz"},
        metadata=[Column("z", "", ucd="src.redshift")],
    )
    with Sky(store.path) as sky:
        assert bind_inputs(sky.table("spectra"), {}, store.path) == {}
        assert set(bind_inputs(sky.table("colours"), {}, store.path)) == set("ugriz")
        assert set(bind_inputs(sky.table("both"), {}, store.path)) == {*"ugri", "redshift"}


def test_what_is_given_comes_first(store: Store, make_table: MakeTable) -> None:
    make_table(
        "mine", **PLACE, u=floats(1, 2, 3), g=floats(1, 1, 1), r=floats(0, 0, 0), mine=floats(5, 6, 7),
        doubt=floats(0.1, None, 0.1), name=pa.array(["a", "b", "c"]),
    )  # fmt: skip
    with Sky(store.path) as sky:
        given = {"u": "mine", "u_error": "doubt"}
        table = feature_table(sky, "mine", FeatureOptions(features=("u_minus_g", "u_error_mag"), inputs=given))
        rows = sorted(table.rows(also=["name"]).rows())
        assert [(row[0], *row[2:]) for row in rows] == [
            (1, "a", 4.0, pytest.approx(0.1)), (2, "b", None, None), (3, "c", 6.0, pytest.approx(0.1)),
        ]  # fmt: skip
        for wrong, words in (
            ({"q": "mine"}, "no input 'q': the inputs are u, g, r"),
            ({"u": "nothing"}, "--input u=nothing: table 'mine' has no such column"),
            ({"u": "name"}, "--input u=name: table 'mine' holds VARCHAR there, no numbers"),
        ):
            with pytest.raises(BadOption, match=words):
                bind_inputs(sky.table("mine"), wrong, store.path)


def test_impossible_numbers_are_missing(store: Store, make_table: MakeTable) -> None:
    values = [-9999.0, 99.99, float("nan"), float("inf"), -999999488.0, 20.0]
    make_table(
        "mine", id=list(range(6)), ra=[10.0] * 6, dec=[0.0] * 6, umag=floats(*values), gmag=floats(*[19.0] * 6),
        plx=floats(*values), metadata=[Column("plx", "", unit="mas", role="parallax")],
    )  # fmt: skip
    with Sky(store.path) as sky:
        table = feature_table(sky, "mine", FeatureOptions(features=("u_minus_g", "parallax_mas")))
        found = {row[0]: row[2:] for row in table.rows().rows()}
    assert [found[number][0] for number in range(6)] == [None, None, None, None, None, 1.0]
    assert [found[number][1] for number in (2, 3, 4, 5)] == [None, None, None, 20.0]


def test_units_of_roles_are_turned(store: Store, make_table: MakeTable) -> None:
    make_table(
        "mine", **PLACE, plx=floats(0.1, 0.01, None), metadata=[Column("plx", "", unit="arcsec", role="parallax")]
    )
    with Sky(store.path) as sky:
        rows = feature_table(sky, "mine", FeatureOptions(features=("parallax_mas",))).rows().rows()
    assert {row[0]: row[2] for row in rows} == {1: pytest.approx(100), 2: pytest.approx(10), 3: None}


def test_psf_and_model_magnitudes_tell_extended_sources_where_nothing_else_does(
    store: Store, make_table: MakeTable
) -> None:
    make_table("mine", **PLACE, psfMag_r=floats(20.2, 20.1, 20), modelMag_r=floats(20, 20, None))
    with Sky(store.path) as sky:
        rows = feature_table(sky, "mine", FeatureOptions(features=("is_extended_optical",))).rows().rows()
    assert {row[0]: row[2] for row in rows} == {1: 1.0, 2: 0.0, 3: None}


def test_a_definition_may_name_inputs_of_its_own(tmp_path: Path) -> None:
    columns = 'columns = [{ name = "id", type = "text", role = "id" }, { name = "size" }, { name = "kind" }]\n'
    (tmp_path / "surveys").mkdir()
    path = tmp_path / "surveys" / "own.toml"
    path.write_text(
        f'title = "Own"\n{columns}inputs = [{{ name = "extended_nir", column = "kind", yes = [1, 2] }}, '
        '{ name = "half_light_radius", column = "size", scale = 60.0 }]\n'
    )
    found = load_survey("own", tmp_path).inputs_of([Column("KIND", "INTEGER"), Column("size", "FLOAT")])
    assert {name: (item.column, item.yes, item.scale) for name, item in found.items()} == {
        "extended_nir": ("KIND", (1, 2), 1.0), "half_light_radius": ("size", (), 60.0),
    }  # fmt: skip
    path.write_text(f'title = "Own"\n{columns}inputs = [{{ name = "ebv", column = "dust" }}]\n')
    with pytest.raises(BadFile, match="there is no column 'dust'"):
        load_survey("own", tmp_path)
    path.write_text(f'title = "Own"\n{columns}inputs = [{{ name = "ebv", column = "size", if_given = 1 }}]\n')
    with pytest.raises(BadFile, match="'if_given' must be true or false"):
        load_survey("own", tmp_path)


def test_an_input_that_is_none_is_an_error(store: Store, make_table: MakeTable) -> None:
    (store.path / "surveys").mkdir()
    (store.path / "surveys" / "own.toml").write_text(
        'title = "Own"\ncolumns = [{ name = "id", type = "bigint", role = "id" }, { name = "dust" }]\n'
        'inputs = [{ name = "e_b_v", column = "dust" }]\n'
    )
    make_table("mine", **PLACE, dust=floats(0.1, 0.2, 0.3))
    reingest(store, "mine", "own")
    with Sky(store.path) as sky, pytest.raises(BadFile, match="'own' names the input 'e_b_v': the inputs are u, g"):
        feature_table(sky, "mine")
