"""Analyses of neighbours, by hand, by numpy and by astropy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.stats import circstd
from scipy import stats

from skyband.queries.morphology import MorphologyOptions, collection_of, neighbourhood_of
from skyband.queries.morphology.surroundings import Direction, Distances, mean_direction
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.session import Session
from tests.queries.morphology.conftest import QUESTIONS, MakeVotes, vote_table


def about(value: float, within: float = 1e-12) -> Any:
    return pytest.approx(value, abs=within)


def near(ids: Any, similarity: Sequence[float], **others: Any) -> pa.Table:
    return pa.table({"id": ids, "similarity": pa.array(similarity, pa.float32()), **others})


def by_hand(votes: dict[str, list[int]], **others: Any) -> pa.Table:
    """A table with a few votes; those not named are 0."""
    size = len(next(iter(votes.values())))
    names = [f"{task}_{answer}" for task, answers in QUESTIONS.items() for answer in answers]
    counts = {f"{name}_count": votes.get(name.split("_", 1)[1], [0] * size) for name in names}
    return pa.table({"dr7objid": range(1, size + 1), **counts, **others})


def test_fractions_by_hand(empty_session: Session, make_votes: MakeVotes) -> None:
    """Four galaxies; the arms of the third were asked of 4 volunteers only, those of the last of nobody."""
    rows = by_hand(
        {
            "smooth_or_features_a01_smooth": [0, 10, 36, 40],
            "smooth_or_features_a02_features_or_disk": [40, 30, 4, 0],
            "edgeon_a05_no": [40, 30, 4, 0],
            "bar_a06_bar": [10, 0, 4, 0],
            "bar_a07_no_bar": [30, 30, 0, 0],
            "spiral_a08_spiral": [40, 15, 4, 0],
            "spiral_a09_no_spiral": [0, 15, 0, 0],
        }
    )
    collection = collection_of(empty_session.connection, make_votes(rows))
    found = neighbourhood_of(empty_session.connection, near([1, 2, 3, 77], [0.9, 0.6, 0.3, 0.2]), collection)
    assert (found.neighbours, found.with_votes, found.collection_galaxies) == (4, 3, 4)
    asked, joint = found.fraction("spiral"), found.fraction("spiral", "joint")
    # A plain mean over the neighbours' fractions, 0.83, would count the 4 votes as much as the 40.
    assert (asked.galaxies, asked.votes, asked.fraction) == (2, 70, about(55 / 70))
    assert asked.weighted == about((0.9 * 1 + 0.6 * 0.5) / 1.5, 1e-7)
    assert (asked.collection_galaxies, asked.collection_fraction, asked.lift) == (2, asked.fraction, 1)
    assert (joint.galaxies, joint.votes, joint.fraction) == (3, 120, about((40 + 15 + 4) / 120))
    assert (joint.collection_fraction, joint.lift) == (about(59 / 160), about(160 / 120))
    assert joint.weighted == about((0.9 * 1 + 0.6 * 15 / 40 + 0.3 * 0.1) / 1.8, 1e-7)
    # Four galaxies tell no correlation: each counts as one vote, uneven votes as fewer.
    assert (asked.correlation, asked.independent_votes) == (1, about(70**2 / (40**2 + 30**2)))
    assert (joint.lift_low, joint.lift_high) == (
        about((joint.low or 0) / (59 / 160)), about((joint.high or 0) / (59 / 160)),
    )  # fmt: skip
    merger = found.fraction("merger")
    assert (merger.galaxies, merger.votes, merger.fraction, merger.low, merger.lift, merger.p_value) == (
        0, 0, None, None, None, None,
    )  # fmt: skip
    assert merger.verdict(found.options) == "unknown"
    classes = found.classes
    assert [(share.name, share.galaxies, share.share, share.collection_share) for share in classes.shares] == [
        ("spiral", 2, about(2 / 3), 0.5),
        ("smooth", 1, about(1 / 3), 0.5),
    ]
    assert (classes.source, classes.unclassified, classes.purity) == ("votes", 0, about(2 / 3))
    assert classes.entropy_bits == about(stats.entropy([2, 1], base=2))
    assert classes.collection_entropy_bits == 1
    assert (found.sky, found.spreads, found.places) == (None, (), ())
    with pytest.raises(KeyError, match="dust"):
        found.fraction("dust")


def test_many_galaxies_agree_with_numpy(empty_session: Session, make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(1)
    rows = vote_table(rng, 500, redshift=rng.uniform(0.01, 0.2, 500), petroR50_r=rng.uniform(2, 9, 500))
    collection = collection_of(empty_session.connection, make_votes(rows))
    chosen, similarity = rng.choice(500, 60, replace=False), rng.uniform(-0.2, 0.99, 60).astype(np.float32)
    found = neighbourhood_of(empty_session.connection, near(chosen + 1, similarity.tolist()), collection)
    spiral, other = (rows[f"t04_spiral_{name}_count"].to_numpy() for name in ("a08_spiral", "a09_no_spiral"))
    asked = spiral + other
    used = chosen[asked[chosen] >= 10]
    fraction = found.fraction("spiral")
    assert (fraction.galaxies, fraction.votes) == (len(used), asked[used].sum())
    assert fraction.fraction == pytest.approx(spiral[used].sum() / asked[used].sum(), abs=1e-12)
    all_used = asked >= 10
    assert fraction.collection_fraction == pytest.approx(spiral[all_used].sum() / asked[all_used].sum(), abs=1e-12)
    # Who is unlike the query has no weight.
    weights = dict(zip(chosen, np.maximum(similarity.astype(float), 0), strict=True))
    expected = np.average(spiral[used] / asked[used], weights=[weights[place] for place in used])
    assert fraction.weighted == pytest.approx(expected, abs=1e-12)
    for spread, name in zip(found.spreads, ("redshift", "petroR50_r"), strict=True):
        values = rows[name].to_numpy()
        limits = (0.5, 0.16, 0.84)
        assert (spread.median, spread.low, spread.high) == pytest.approx(np.quantile(values[chosen], limits))
        own = (spread.collection_median, spread.collection_low, spread.collection_high)
        assert own == pytest.approx(np.quantile(values, limits))
        assert (spread.column, spread.n) == (name, 60)


def test_positions_agree_with_astropy(empty_session: Session, make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(2)
    rows = vote_table(rng, 300)
    collection = collection_of(empty_session.connection, make_votes(rows))
    chosen = rng.choice(300, 40, replace=False)
    found = neighbourhood_of(empty_session.connection, near(chosen + 1, rng.uniform(0.5, 1, 40).tolist()), collection)
    sky = SkyCoord(rows["ra"].to_numpy()[chosen], rows["dec"].to_numpy()[chosen], unit="deg")
    mean = sky.cartesian.mean()
    assert found.sky is not None
    assert found.sky.direction.resultant == pytest.approx(mean.norm().value, abs=1e-12)
    direction = SkyCoord(found.sky.direction.ra, found.sky.direction.dec, unit="deg")
    assert direction.separation(SkyCoord(mean, frame="icrs")).arcsec < 1e-3
    first, second = np.triu_indices(40, 1)
    separations = sky[first].separation(sky[second])
    assert found.sky.median_separation_deg == pytest.approx(np.median(separations.deg), abs=1e-9)
    assert found.sky.nearest_pair_arcsec == pytest.approx(separations.arcsec.min(), rel=1e-9)
    assert (found.sky.compared, found.sky.in_close_pairs, found.sky.near_query) == (40, 0, None)
    assert found.sky.collection == mean_direction(empty_session.connection, "votes")
    places = [(place.ra, place.dec) for place in found.places]
    assert sorted(places) == sorted(zip(sky.ra.deg.tolist(), sky.dec.deg.tolist(), strict=True))
    likeness = [place.similarity for place in found.places]
    assert likeness == sorted(likeness, reverse=True)


def test_the_circular_deviation_is_astropys_on_the_equator(empty_session: Session) -> None:
    ra = np.array([350.0, 5.0, 20.0, 33.0])
    empty_session.connection.register("circle", pa.table({"ra": ra, "dec": np.zeros(4)}))
    found = mean_direction(empty_session.connection, "circle")
    # astropy's default of a standard deviation is the angular one; Mardia's is the circular one.
    assert found.circular_std_deg == pytest.approx(np.degrees(circstd(ra * u.deg, method="circular").value))


@pytest.mark.parametrize(
    ("ra", "dec", "expected"),
    [
        ([10.0, 10.0], [20.0, 20.0], (10, 20, 1, 0)),
        ([359.0, 1.0], [0.0, 0.0], (0, 0, np.cos(np.radians(1)), None)),
        ([0.0, 180.0], [89.0, 89.0], (None, 90, np.sin(np.radians(89)), None)),
        ([0.0, 180.0], [0.0, 0.0], (None, None, 0, None)),
    ],
)
def test_directions_at_the_edges(
    empty_session: Session, ra: list[float], dec: list[float], expected: tuple[float | None, ...]
) -> None:
    empty_session.connection.register("few", pa.table({"ra": ra, "dec": dec}))
    found = mean_direction(empty_session.connection, "few")
    if expected[0] is not None:
        assert ((found.ra or 0) + 180) % 360 - 180 == pytest.approx(expected[0], abs=1e-9)
    if expected[1] is not None:
        assert found.dec == pytest.approx(expected[1], abs=1e-6)
    else:
        assert found == Direction(2, None, None, 0.0, None)
    assert found.resultant == pytest.approx(expected[2], abs=1e-12)
    assert expected[3] is None or found.circular_std_deg == expected[3]


def test_neighbours_that_lie_together_are_counted(empty_session: Session, make_votes: MakeVotes) -> None:
    collection = collection_of(empty_session.connection, make_votes(vote_table(np.random.default_rng(3), 9)))
    # Across RA 0 and at the pole; 99 and 101 arcsec apart.
    dec = [0.0, 0.0, 99 / 3600, 90.0, 90 - 101 / 3600, 45.0]
    ra = [359.99, 0.0, 0.0, 10.0, 200.0, 0.0]
    neighbours = near(list("123456"), [0.9] * 6, ra=ra, dec=dec)
    found = neighbourhood_of(empty_session.connection, neighbours, collection, query=(0.0, 0.02))
    assert found.sky is not None
    assert (found.sky.in_close_pairs, found.sky.near_query, found.sky.direction.n) == (3, 3, 6)
    # Neighbours may have positions though the table of votes has none for them.
    assert [(place.ra, place.dec) for place in found.places] == sorted(zip(ra, dec, strict=True))


def test_likeness_by_hand(empty_session: Session, make_votes: MakeVotes) -> None:
    collection = collection_of(empty_session.connection, make_votes(vote_table(np.random.default_rng(4), 9)))
    connection = empty_session.connection
    neighbours = pa.table({"id": [1, 2], "similarity": [1 - 0.08, 1 - 0.32]})  # 0.4 and 0.8 apart
    found = neighbourhood_of(connection, neighbours, collection, typical_distance=0.3).distances
    expected: list[Any] = [about(value) for value in (2, 0.68, 0.8, 0.92, 0.4, 0.8, 2.0, 1 / 0.6, 2.0)]
    assert found == Distances(*expected)
    copies = neighbourhood_of(connection, near([1, 2], [1.0, 1.0]), collection).distances
    assert (copies.nearest, copies.gap, copies.local_density, copies.outlier_score) == (0, None, None, None)


def test_ids_count_once_and_missing_ones_not(empty_session: Session, make_votes: MakeVotes) -> None:
    collection = collection_of(empty_session.connection, make_votes(vote_table(np.random.default_rng(5), 20)))
    connection = empty_session.connection
    plain = neighbourhood_of(connection, near([1, 2, 3], [0.9, 0.8, 0.7]), collection)
    twice = near(["1", "2", "3", "3", None, "4"], [0.9, 0.8, 0.1, 0.7, 0.5, float("nan")])
    found = neighbourhood_of(connection, twice, collection)
    assert replace(found, distances=plain.distances) == plain
    # Sums over groups are added in any order.
    assert asdict(found.distances) == pytest.approx(asdict(plain.distances))
    odd = neighbourhood_of(connection, near(["1", "galaxy", "99"], [0.9, 0.8, 0.7]), collection)
    assert (odd.neighbours, odd.with_votes, odd.fraction("smooth").galaxies) == (3, 1, 1)


@pytest.mark.parametrize("ids", [[], ["98", "99"]])
def test_nobody_with_votes_gives_nothing_but_no_error(
    empty_session: Session, make_votes: MakeVotes, ids: list[str]
) -> None:
    collection = collection_of(empty_session.connection, make_votes(vote_table(np.random.default_rng(6), 50)))
    neighbours = near(pa.array(ids, pa.string()), [0.5] * len(ids))
    found = neighbourhood_of(empty_session.connection, neighbours, collection)
    assert (found.neighbours, found.with_votes) == (len(ids), 0)
    assert all(f.fraction is f.low is f.weighted is f.lift is f.z is None for f in found.fractions)
    assert (found.classes.shares, found.classes.purity, found.sky) == ((), None, None)
    assert json.dumps(found.to_json())


def test_class_strings_are_taken_where_the_table_has_them(empty_session: Session, make_votes: MakeVotes) -> None:
    strings = ["Er", "Ei(m)", "SBc2m", "Sc?t(o)", "Ser", "SBa", "Sd", "A", "what", None]
    rows = vote_table(np.random.default_rng(7), 10, gz2_class=strings)
    collection = collection_of(empty_session.connection, make_votes(rows))
    found = neighbourhood_of(empty_session.connection, near(range(1, 11), [0.5] * 10), collection).classes
    assert {share.name: share.galaxies for share in found.shares} == {
        "smooth": 2, "barred spiral": 1, "spiral": 1, "edge-on disk": 1, "barred disk": 1, "disk": 1, "artifact": 1,
    }  # fmt: skip
    assert (found.source, found.unclassified) == ("gz2_class", 2)


def test_json_holds_everything_and_the_words(empty_session: Session, make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(8)
    collection = collection_of(empty_session.connection, make_votes(vote_table(rng, 100)))
    found = neighbourhood_of(empty_session.connection, near(range(1, 31), rng.random(30).tolist()), collection)
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["interpretation"].keys() == {"paragraph", "points", "cautions"}
    assert [fraction["feature"] for fraction in document["fractions"][::2]] == [
        "smooth", "edge-on", "spiral", "bar", "merger",
    ]  # fmt: skip
    assert len(document["places"]) == 30
    # The same question has the same answer, and leaves nothing behind.
    again = neighbourhood_of(
        empty_session.connection, near(range(1, 31), [p.similarity for p in found.places]), collection
    )
    assert again.fraction("smooth").fraction == found.fraction("smooth").fraction
    left = empty_session.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert not {("near",), ("neighbours",)} & set(left)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": [1]}, "need the columns 'id' and 'similarity'; they have id"),
        ({"similarity": [0.5]}, "they have similarity"),
        ({"id": [1], "similarity": ["high"]}, "must be numbers, not string"),
    ],
)
def test_neighbours_without_their_columns_are_refused(
    empty_session: Session, make_votes: MakeVotes, columns: dict[str, Any], message: str
) -> None:
    collection = collection_of(empty_session.connection, make_votes(vote_table(np.random.default_rng(9), 5)))
    with pytest.raises(BadTable, match=message):
        neighbourhood_of(empty_session.connection, pa.table(columns), collection)


@pytest.mark.parametrize(
    "wrong", [{"confidence": 1.0}, {"significance": 0.0}, {"least_votes": 0}, {"least_galaxies": 0}]
)
def test_impossible_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match=next(iter(wrong))):
        MorphologyOptions(**wrong)
