"""Labels of matched catalogues of simulated surveys."""

from __future__ import annotations

from collections import Counter

import pytest

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.ingest.simulate.labels import label_objects
from skyband.queries import Sky
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Join, MatchOptions, crossmatch
from skyband.schema.errors import BadTable, TableExists, TableNotFound
from skyband.schema.store import Store


def test_an_object_is_what_its_best_positioned_member_is(store: Store) -> None:
    for _ in ingest_simulated(store, rows=2_000, seed=9):
        pass
    # Rows of the far infrared that are joined by a radius of their own size are of another object at times.
    options = MatchOptions(left="sim_optical", right="sim_mir", radius_arcsec=10.0, join=Join.FULL, into="pairs")
    crossmatch(store, options)
    combine(store, CombineOptions(match="pairs", into="objects"))
    info = label_objects(store, "objects", "labels", command="test")
    assert [column.name for column in info.columns] == [
        "object_id", "class", "subtype", "redshift", "true_id", "members", "true_members", "ra", "dec", "healpix_29",
    ]  # fmt: skip
    id_column = info.role("id")
    assert id_column is not None and id_column.name == "object_id"
    with Sky(store.path) as sky:
        objects = sky.sql("SELECT object_id, sim_optical_id, sim_mir_id FROM objects").rows()
        truth = sky.sql("SELECT true_id, class, optical_id, mir_id FROM sim_truth").rows()
        found = sky.sql("SELECT object_id, class, true_id, members, true_members FROM labels").rows()
    by_optical = {row[2]: row for row in truth if row[2] is not None}
    by_mir = {row[3]: row for row in truth if row[3] is not None}
    expected = []
    for number, optical, mir in objects:
        members = [table[name] for table, name in ((by_optical, optical), (by_mir, mir)) if name is not None]
        best = members[0]
        expected.append((number, best[1], best[0], len(members), sum(other[0] == best[0] for other in members)))
    assert sorted(found) == sorted(expected)
    assert Counter(row[3] - row[4] for row in found)[1] > 0


def test_refusals(store: Store) -> None:
    for _ in ingest_simulated(store, rows=200, seed=9):
        pass
    with pytest.raises(TableNotFound, match="no table 'objects'"):
        label_objects(store, "objects", "labels")
    with pytest.raises(TableExists, match="sim_nir"):
        label_objects(store, "sim_optical", "sim_nir")
    with pytest.raises(BadTable, match="'sim_optical' is no matched catalogue of simulated surveys"):
        label_objects(store, "sim_optical", "labels")
