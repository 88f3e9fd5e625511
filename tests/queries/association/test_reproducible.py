"""The same tables and options give the same association, however the work is cut."""

import pytest

from skyband.queries.association import AssociationOptions, associate, associate_many
from skyband.queries.crossmatch import Find, Join
from skyband.queries.sky import Sky
from tests.queries.association.conftest import MakeField


@pytest.mark.parametrize("find", [Find.BEST1, Find.BEST])
def test_zones_change_no_figure(make_field: MakeField, find: Find) -> None:
    store = make_field(40_000, 1.0, left=(0.7, 0.3), right=(0.6, 0.5))
    whole, in_zones = (
        associate(
            store,
            AssociationOptions(tables=("left", "right"), radius_arcsec=2.0, find=find, join=Join.FULL, into=into),
            batches=batches,
        )
        for into, batches in (("whole", 1), ("in_zones", 7))
    )
    # More pairs than are fitted: which of them are must not hang on the order they were found in.
    assert whole.counts.tuning.pairs > 12_000
    assert in_zones.counts == whole.counts
    with Sky(settings=store.settings) as sky:
        assert sky.sql("FROM in_zones").rows() == sky.sql("FROM whole").rows()


def test_zones_change_no_group(make_field: MakeField) -> None:
    store = make_field(40_000, 1.0, a=(0.7, 0.3), b=(0.6, 0.5), c=(0.5, 0.4))
    for into, batches in (("whole", 1), ("in_zones", 7)):
        options = AssociationOptions(tables=("a", "b", "c"), radius_arcsec=2.0, join=Join.FULL, into=into)
        associate_many(store, options, batches=batches)
    with Sky(settings=store.settings) as sky:
        assert sky.sql("FROM in_zones").rows() == sky.sql("FROM whole").rows()
