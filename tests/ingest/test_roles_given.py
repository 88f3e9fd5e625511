"""Roles and units of columns that a file says nothing of."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries import Sky
from skyband.schema.errors import BadOption
from skyband.schema.store import Store


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    path = tmp_path / "x.csv"
    path.write_text("name,ra,dec,sigma,mu_a,mu_d\na,10,20,0.5,1.5,-2\nb,11,20,0.25,,\n", encoding="utf-8")
    return path


def test_columns_play_the_roles_they_are_given_in_their_units(store: Store, table_file: Path) -> None:
    roles = {"pos_error": "sigma:arcsec", "pmra": "mu_a:arcsec/yr", "pmdec": "mu_d:arcsec/yr"}
    ingest(store, [table_file], IngestOptions(table="x", id="name", epoch=2000.0, roles=roles))
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT id, pos_error, pmra, pmdec FROM keys.x ORDER BY id").rows()
        units = {column.name: (column.role, column.unit) for column in sky.table("x").columns if column.role}
    assert rows == [("a", 500.0, 1500.0, -2000.0), ("b", 250.0, None, None)]
    assert units["sigma"] == ("pos_error", "arcsec")
    assert units["mu_a"] == ("pmra", "arcsec.yr**-1")


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"pos_error": "nothing"}, "no such column"),
        ({"speed": "sigma"}, "no role"),
        ({"pos_error": "sigma:furlong"}, "no unit"),
        ({"ra": "sigma"}, "give --ra"),
        ({"pmra": "mu_a"}, "belong together"),
    ],
)
def test_impossible_roles_are_refused(store: Store, table_file: Path, roles: dict[str, str], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        ingest(store, [table_file], IngestOptions(table="x", id="name", roles=roles))
