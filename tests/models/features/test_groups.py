"""What is declared of features is what their SQL does."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from skyband.models.features import load_groups
from skyband.models.features.groups import choose_groups, find_features
from skyband.models.features.inputs import BANDS, standard_inputs
from skyband.schema.errors import BadOption
from skyband.schema.survey import load_survey, survey_names
from skyband.schema.units import is_vounit

OF_ROWS = [group for group in load_groups().values() if group.name not in ("environment", "variability")]
EVERY = [feature for group in load_groups().values() for feature in group.features]


def columns_of(expression: exp.Expression, named: dict[str, exp.Expression]) -> set[str]:
    """Columns an expression takes, through those that a subquery named."""
    found = set()
    for column in expression.find_all(exp.Column):
        inner = named.get(column.name)
        found |= columns_of(inner, {}) if inner is not None else {column.name}
    return found


@pytest.mark.parametrize("group", OF_ROWS, ids=lambda group: group.name)
def test_a_feature_needs_what_its_expression_takes(group) -> None:  # type: ignore[no-untyped-def]
    tree = sqlglot.parse_one(group.sql.replace("{rows}", "inputs"), dialect="duckdb")
    named = {item.alias: item.this for select in tree.find_all(exp.Select) for item in select.expressions if item.alias}
    taken = {name: columns_of(named[name], named) for name in (feature.name for feature in group.features)}
    needed = {feature.name: set(feature.needs) for feature in group.features}
    if group.name == "match":  # bands are counted whether a table has them or not
        for name, columns in taken.items():
            if name.startswith("bands_"):
                assert columns <= set(BANDS) | {"bands_optical", "bands_nir", "bands_mir", "bands_gaia"}
                assert needed[name] == set()
                taken[name] = set()
    assert taken == needed


def test_names_are_unique_and_none_is_an_input() -> None:
    names = [feature.name for feature in EVERY]
    assert len(set(names)) == len(names)
    assert not set(names) & set(standard_inputs())
    assert not {"row", "id", "healpix_29", "label"} & set(names)


def test_every_feature_is_described() -> None:
    known = {*standard_inputs(), "light_curves", "galaxies", "galaxy_colours"}
    for feature in EVERY:
        assert feature.description and is_vounit(feature.unit), feature
        assert set(feature.needs) <= known, feature
    for item in standard_inputs().values():
        assert item.description and is_vounit(item.unit) and item.least < item.most, item


def test_the_sky_and_the_label_are_no_features_unless_asked_for() -> None:
    default = {feature.name for group in choose_groups(()) for feature in group.features}
    assert not any(word in name for name in default for word in ("ra_", "dec_", "galactic", "redshift", "error_mag_"))
    assert "spectroscopic_redshift" not in default and "u_error_mag" not in default


@pytest.mark.parametrize("name", survey_names())
def test_surveys_name_known_inputs(name: str) -> None:
    assert {item.name for item in load_survey(name).inputs} <= standard_inputs().keys()


def test_groups_come_in_their_order() -> None:
    assert [group.name for group in choose_groups(("parallax", "colours"))] == ["colours", "parallax"]
    assert [group.name for group in choose_groups(("all",))] == list(load_groups())
    assert [feature.name for feature in find_features(["w1_minus_w2", "u_mag"])] == ["w1_minus_w2", "u_mag"]


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(BadOption, match="no group of features 'colors': the groups are colours, magnitudes"):
        choose_groups(("colors",))
    with pytest.raises(BadOption, match="no feature 'g_minus_x'"):
        list(find_features(["g_minus_x"]))
