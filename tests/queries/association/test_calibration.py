"""Probabilities and predicted false rates against the truth of simulated fields, empty and crowded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, AssociationReport, associate
from skyband.queries.crossmatch import Find, MatchOptions, crossmatch
from skyband.schema.errors import BadOption
from skyband.schema.store import Store
from tests.queries.association.conftest import MakeField, check_deciles

FIELDS = {
    # Objects a square degree, side, radius: chance neighbours within the radius are 1 % and 280 % of the true ones.
    "empty": (2_000, 5.0, 5.0),
    "crowded": (650_000, 0.25, 3.0),
}


@dataclass
class Field:
    store: Store
    radius_arcsec: float
    report: AssociationReport
    pairs: dict[str, np.ndarray[Any, Any]]  # all candidates
    true_pairs: int


@pytest.fixture(scope="module", params=list(FIELDS))
def field(request: pytest.FixtureRequest, make_field: MakeField) -> Field:
    per_deg2, side_deg, radius_arcsec = FIELDS[request.param]
    store = make_field(per_deg2, side_deg, left=(0.7, 0.3), right=(0.6, 0.6))
    report = associate(
        store, AssociationOptions(tables=("left", "right"), radius_arcsec=radius_arcsec, into="m", find=Find.ALL)
    )
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT left_id = right_id AS is_true, p_match, left_rank FROM m").to_arrow()
        [(true_pairs,)] = sky.sql('SELECT count(*) FROM "left" JOIN "right" USING (id)').rows()
    pairs = {name: np.asarray(rows[name]) for name in rows.column_names}
    return Field(store, radius_arcsec, report, pairs, true_pairs)


def test_the_share_with_a_counterpart_is_found(field: Field) -> None:
    share = field.true_pairs / field.report.counts.left_rows
    assert field.report.counts.calibration.share == pytest.approx(share, abs=0.01)


def test_no_systematic_error_is_seen_where_none_is(field: Field) -> None:
    tuning = field.report.counts.tuning
    assert tuning.floor_fitted
    assert tuning.floor_arcsec < 0.1
    assert abs(tuning.offset_ra_arcsec) < 5 * tuning.offset_error_arcsec
    assert abs(tuning.offset_dec_arcsec) < 5 * tuning.offset_error_arcsec


def test_probabilities_come_true_in_every_decile(field: Field) -> None:
    check_deciles(field.pairs["p_match"], field.pairs["is_true"], within=0.02)


@pytest.mark.parametrize("find", list(Find))
def test_contamination_and_completeness_are_foretold(field: Field, find: Find) -> None:
    """Of the pairs that are published, whichever they are."""
    report = associate(
        field.store,
        AssociationOptions(
            tables=("left", "right"), radius_arcsec=field.radius_arcsec, into="found", find=find, replace=True
        ),
    )
    with Sky(field.store.path) as sky:
        rows = sky.sql("SELECT left_id = right_id AS is_true, p_match FROM found").to_arrow()
    p_match, is_true = (np.asarray(rows[name]) for name in ("p_match", "is_true"))
    for cut in report.counts.calibration.cuts:
        kept = p_match >= cut.least_probability
        false = int((~is_true[kept]).sum())
        assert kept.sum() == cut.rows
        if false > 400:  # so that counting noise is below 5 %
            assert cut.contamination == pytest.approx(false / cut.rows, rel=0.2)
            assert cut.chance_contamination == pytest.approx(false / cut.rows, rel=0.2)
        assert cut.completeness == pytest.approx(is_true[kept].sum() / field.true_pairs, abs=0.02)


def test_more_is_found_than_by_distance_at_equal_contamination(field: Field) -> None:
    crossmatch(
        field.store,
        MatchOptions(left="left", right="right", radius_arcsec=field.radius_arcsec, into="nearest", find=Find.BEST1,
                     replace=True),
    )  # fmt: skip
    with Sky(field.store.path) as sky:
        rows = sky.sql("SELECT left_id = right_id AS is_true, sep_arcsec FROM nearest").to_arrow()
    best = field.pairs["left_rank"] == 1
    by_probability = found_at(field.pairs["is_true"][best], -field.pairs["p_match"][best])
    by_distance = found_at(np.asarray(rows["is_true"]), np.asarray(rows["sep_arcsec"]))
    compared = 0
    for contamination in (0.001, 0.01, 0.02, 0.05, 0.1, 0.2):
        ours, theirs = by_probability(contamination), by_distance(contamination)
        assert ours >= theirs
        compared += ours > theirs
    assert compared >= 3


def found_at(is_true: np.ndarray[Any, Any], cost: np.ndarray[Any, Any]) -> Any:
    """Most true pairs among the cheapest ones that are contaminated by no more than a share."""
    true = np.cumsum(is_true[np.argsort(cost, kind="stable")])
    contamination = 1 - true / np.arange(1, len(true) + 1)
    return lambda most: int(true[contamination <= most].max(initial=0))


@pytest.mark.parametrize("find", [Find.BEST, Find.ONE_TO_ONE, Find.MUTUAL])
def test_symmetric_choices_use_no_source_twice(field: Field, find: Find) -> None:
    associate(
        field.store,
        AssociationOptions(
            tables=("left", "right"), radius_arcsec=field.radius_arcsec, into="chosen", find=find, replace=True
        ),
    )
    with Sky(field.store.path) as sky:
        [(pairs, lefts, rights, true)] = sky.sql(
            "SELECT count(*), count(DISTINCT left_id), count(DISTINCT right_id), count(*) FILTER (left_id = right_id) "
            "FROM chosen"
        ).rows()
    assert pairs == lefts == rights
    assert true > 0.85 * field.true_pairs


def test_a_cut_is_chosen_for_a_purity(field: Field) -> None:
    asked = AssociationOptions(
        tables=("left", "right"), radius_arcsec=field.radius_arcsec, into="pure", find=Find.BEST1, purity=0.95
    )
    report = associate(field.store, asked)
    with Sky(field.store.path) as sky:
        [(pairs, true, least)] = sky.sql(
            "SELECT count(*), count(*) FILTER (left_id = right_id), min(p_match) FROM pure"
        ).rows()
    assert least >= report.counts.least_probability > 0 or report.counts.least_probability == 0
    assert true / pairs > 0.94
    with pytest.raises(BadOption, match="no cut gives a purity of 1"):
        associate(field.store, replace(asked, into="purer", purity=1.0))
