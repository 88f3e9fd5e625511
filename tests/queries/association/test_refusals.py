"""What cannot be associated, and what the messages say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, associate, associate_many
from skyband.queries.crossmatch import Find, Join
from skyband.schema.columns import Column
from skyband.schema.errors import BadName, BadOption, BadTable, TableExists, TableNotFound
from skyband.schema.store import Store
from tests.queries.association.conftest import ERROR

PM = [Column(role, "", unit="mas.yr**-1", role=role) for role in ("pmra", "pmdec")]
AB: dict[str, Any] = {"tables": ("a", "b"), "into": "m"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tables": ("a",)}, "2 to 6"),
        ({"tables": ("a", "a")}, "different tables"),
        ({"tables": tuple("abcdefg")}, "2 to 6"),
        ({"into": "a"}, "--into a"),
        ({"radius_arcsec": None}, "either a radius"),
        ({"n_sigma": 3.0}, "either a radius"),
        ({"radius_arcsec": 0.0}, "not between"),
        ({"radius_arcsec": -1.0}, "not between"),
        ({"radius_arcsec": 3601.0}, "not between"),
        ({"radius_arcsec": float("nan")}, "not between"),
        ({"radius_arcsec": None, "n_sigma": 21.0}, "not between"),
        ({"completeness": 1.5}, "completeness"),
        ({"error_scale": 0.0}, "scale of the errors"),
        ({"area_deg2": 0.0}, "area"),
        ({"purity": 2.0}, "purity"),
        ({"error_arcsec": {"a": 0.0}}, "error of a"),
        ({"error_arcsec": {"z": 1.0}}, "not matched"),
        ({"least_probability": 1.1}, "probability"),
        ({"floor_arcsec": -0.1}, "floor"),
        ({"epoch": 2000.0, "propagate": False}, "--no-propagate"),
        ({"epoch": 99999.0}, "epoch 99999 is not a Julian year between 1600 and 2200"),
        ({"epoch": float("nan")}, "epoch nan is not"),
    ],
)
def test_impossible_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        AssociationOptions(**(AB | {"radius_arcsec": 1.0} | options))


def test_a_bad_name() -> None:
    with pytest.raises(BadName):
        AssociationOptions(tables=("a", "b"), into="no name", radius_arcsec=1.0)


@pytest.fixture
def pair(store: Store, make_table: Any) -> Any:
    """Makes tables a and b of ten rows, with the columns given beside."""

    def make(a: dict[str, Any] | None = None, b: dict[str, Any] | None = None) -> Store:
        for name, given in (("a", a or {}), ("b", b or {})):
            metadata = [ERROR, *PM]
            place = {"id": list(range(10)), "ra": np.linspace(10, 11, 10), "dec": np.zeros(10)}
            make_table(name, **({**place, "pos_error": np.full(10, 100.0), "metadata": metadata} | given))
        return store

    return make


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ({"pmra": np.ones(10), "pmdec": np.ones(10)}, {}, "epoch of 'a' is not known"),
        ({"pmra": np.ones(10), "pmdec": np.ones(10), "epoch": 2016.0}, {}, "epoch of 'b' is not known"),
        ({"pmra": [None] * 9 + [1.0], "pmdec": [None] * 10, "epoch": 2016.0}, {"epoch": 2000.0}, "--no-propagate"),
        ({}, {"pos_error": np.r_[np.zeros(3), np.ones(7)]}, "3 rows of 'b' have a pos_error of zero or less"),
        ({"pos_error": np.r_[-1.0, np.ones(9)]}, {}, "1 rows of 'a'"),
    ],
)
def test_tables_that_do_not_say_enough(pair: Any, a: dict[str, Any], b: dict[str, Any], message: str) -> None:
    store = pair(a, b)
    with pytest.raises(BadTable, match=message):
        associate(store, AssociationOptions(**AB, radius_arcsec=1.0))
    if "pos_error" not in message and "rows of" not in message:
        associate(store, AssociationOptions(**AB, radius_arcsec=1.0, propagate=False))


def test_errors_given_take_the_place_of_wrong_ones(pair: Any) -> None:
    store = pair({}, {"pos_error": np.zeros(10)})
    report = associate(store, AssociationOptions(**AB, radius_arcsec=1.0, error_arcsec={"b": 0.1}))
    assert report.counts.pairs == 10


def test_a_missing_error_is_that_of_the_others(pair: Any) -> None:
    store = pair({"pos_error": [None, float("nan"), *[200.0] * 8]})
    associate(store, AssociationOptions(**AB, radius_arcsec=1.0, floor_arcsec=0.0, completeness=0.5, find=Find.ALL))
    with Sky(store.path) as sky:
        assert len({round(value, 9) for (value,) in sky.sql("SELECT ln_bayes FROM m").rows()}) == 1


def test_nothing_is_known_and_nothing_may_be_fitted(store: Store, make_table: Any) -> None:
    for name in ("a", "b"):
        make_table(name, id=[1, 2], ra=[10.0, 20.0], dec=[5.0, 6.0])
    with pytest.raises(BadTable, match="neither 'a' nor 'b' has position errors"):
        associate(store, AssociationOptions(**AB, radius_arcsec=1.0, floor_arcsec=0.0))


def test_tables_that_are_there_or_are_not(pair: Any) -> None:
    store = pair()
    with pytest.raises(TableNotFound):
        associate(store, AssociationOptions(tables=("a", "c"), into="m", radius_arcsec=1.0))
    associate(store, AssociationOptions(**AB, radius_arcsec=1.0))
    with pytest.raises(TableExists):
        associate(store, AssociationOptions(**AB, radius_arcsec=1.0))


def test_empty_tables_give_empty_ones(store: Store, make_table: Any) -> None:
    for name, rows in (("a", 0), ("b", 3), ("c", 0)):
        make_table(name, id=list(range(rows)), ra=np.arange(rows) + 10.0, dec=np.zeros(rows),
                   pos_error=np.full(rows, 100.0), metadata=[ERROR])  # fmt: skip
    for tables in (("a", "b"), ("b", "a"), ("a", "c")):
        report = associate(
            store, AssociationOptions(tables=tables, into="m", radius_arcsec=1.0, join=Join.FULL, replace=True)
        )
        assert report.counts.pairs == 0
        assert report.info.rows == sum(3 for table in tables if table == "b")


def test_skies_that_do_not_meet(pair: Any, make_table: Any) -> None:
    store = pair()
    make_table("c", id=[1], ra=[200.0], dec=[60.0], pos_error=[100.0], metadata=[ERROR])
    with pytest.raises(BadTable, match="no row of 'a' lies in the sky of 'c'"):
        associate_many(store, AssociationOptions(tables=("a", "b", "c"), into="m", radius_arcsec=1.0))
    associate(store, AssociationOptions(tables=("a", "c"), into="m", radius_arcsec=1.0, join=Join.LEFT))
    with Sky(store.path) as sky:
        assert sky.sql("SELECT count(*), bool_or(is_covered) FROM m").rows() == [(10, False)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"find": Find.MUTUAL}, "--find mutual"),
        ({"join": Join.RIGHT}, "--join right"),
        ({"join": Join.FULL, "find": Find.ALL}, "give --find best"),
        ({"prior": "mag"}, "--prior"),
        ({"density_by": "mag"}, "--density-by"),
    ],
)
def test_what_is_for_two_tables_alone(pair: Any, make_table: Any, options: dict[str, Any], message: str) -> None:
    store = pair()
    with pytest.raises(BadOption, match=message):
        associate_many(store, AssociationOptions(tables=("a", "b", "c"), into="m", radius_arcsec=1.0, **options))


def test_a_prior_needs_a_column_and_pairs(pair: Any) -> None:
    store = pair()
    for prior, message in (
        ("colour", "no column 'colour'"),
        ("pos_error", "too few"),
        ("pos_error-z", "no column 'z'"),
    ):
        with pytest.raises(BadOption, match=message):
            associate(store, AssociationOptions(**AB, radius_arcsec=1.0, prior=prior))
    with pytest.raises(BadOption, match="no column 'colour'"):
        associate(store, AssociationOptions(**AB, radius_arcsec=1.0, density_by="colour"))
