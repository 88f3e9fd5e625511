"""The band join against brute force, all over the sphere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skyband.schema.session import Session
from skyband.schema.sql import fill_sql
from tests.queries.brute_force import Positions, moved, separations_arcsec

# Where a sphere is hard: the poles, RA 0 and 360, the equator, edges of HEALPix base pixels and of bands.
hard_ra = st.sampled_from([0.0, 360.0, 359.9999999, 45.0, 90.0, 180.0, 270.0, 1e-9])
hard_dec = st.sampled_from([-90.0, 90.0, 89.9999999, -89.99999, 0.0, 41.8103148957786, -41.8103148957786, 30.0])
centres = st.tuples(st.one_of(hard_ra, st.floats(0, 360)), st.one_of(hard_dec, st.floats(-90, 90)))
radii = st.one_of(
    st.sampled_from([0.001, 1.0, 10.0, 3600.0, 18000.0]),
    st.floats(math.log(0.001), math.log(18000)).map(math.exp),
)


def band_join(
    session: Session, left: Positions, right: Positions, radius_arcsec: float, band_share: float = 1.0
) -> dict[tuple[int, int], float]:
    """The pairs the band join finds, by place in the lists, with their separations in arcsec."""
    relations = {}
    for side, positions in (("left", left), ("right", right)):
        values = ", ".join(f"({place}, {ra!r}::DOUBLE, {dec!r}::DOUBLE)" for place, (ra, dec) in enumerate(positions))
        values = f"(VALUES {values})" if values else "(SELECT 0, 0.0, 0.0 WHERE false)"
        relations[side] = (
            f"(SELECT id, unit_x(ra, dec) AS x, unit_y(ra, dec) AS y, unit_z(dec) AS z FROM {values} t(id, ra, dec))"
        )
    radii = {"radius_arcsec": repr(radius_arcsec), "band_arcsec": repr(band_share * radius_arcsec)}
    join = fill_sql("skyband.schema", "band_join", **radii, **relations)
    found = session.connection.execute(f"SELECT left_id, right_id, chord2_arcsec(chord2) FROM ({join})").fetchall()
    pairs = {(i, j): sep for i, j, sep in found}
    assert len(pairs) == len(found), "a pair was found twice"
    return pairs


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Positions, Positions, float]:
    """Two small crowds around a hard place, of the size of the radius, with duplicates and antipodes."""
    radius_arcsec = draw(radii)
    centre = draw(centres)
    steps = st.tuples(st.floats(0, 360), st.one_of(st.floats(0, 3), st.sampled_from([0.0, 0.5, 1.0, 2.0])))
    around = st.lists(steps, max_size=12).map(
        lambda found: [moved(centre, turn, distance * radius_arcsec / 3600) for turn, distance in found]
    )
    left, right = draw(around), draw(around)
    antipode = ((centre[0] + 180) % 360, -centre[1])
    return [*left, *left[:2], centre], [*right, *left[:1], antipode], radius_arcsec


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crowds(), st.sampled_from([1.0, 0.4]))
@example(([(0.0, 89.0)], [(359.99988404111, 89.00000136504065), (180.0, -89.0)], math.exp(-4.734375)), 1.0)
def test_band_join_finds_exactly_the_pairs_of_brute_force(
    empty_session: Session, crowd: tuple[Positions, Positions, float], band_share: float
) -> None:
    left, right, radius_arcsec = crowd
    truth = separations_arcsec(left, right)
    found = band_join(empty_session, left, right, radius_arcsec, band_share)
    # The chord limit is widened by 1e-15 (2.1e-10 arcsec) and 1 part in 1e9, and unit vectors in double precision
    # are good to about 1e-10 arcsec; pairs that close to the edge may fall on either side.
    slack = 5e-10 + radius_arcsec * 2e-9
    inside = {(int(i), int(j)) for i, j in zip(*np.nonzero(truth < radius_arcsec - slack), strict=True)}
    outside = {(int(i), int(j)) for i, j in zip(*np.nonzero(truth > radius_arcsec + slack), strict=True)}
    assert inside <= found.keys()
    assert not outside & found.keys()
    for (i, j), sep_arcsec in found.items():
        assert sep_arcsec == pytest.approx(float(truth[i, j]), abs=1e-9, rel=1e-12)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crowds())
def test_swapping_the_sides_swaps_the_pairs(empty_session: Session, crowd: tuple[Positions, Positions, float]) -> None:
    left, right, radius_arcsec = crowd
    forth = band_join(empty_session, left, right, radius_arcsec)
    back = band_join(empty_session, right, left, radius_arcsec)
    assert {(j, i): sep for (i, j), sep in back.items()} == pytest.approx(forth)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crowds(), st.integers(0, 12))
def test_a_split_left_side_gives_the_pairs_of_the_whole(
    empty_session: Session, crowd: tuple[Positions, Positions, float], cut: int
) -> None:
    left, right, radius_arcsec = crowd
    cut = min(cut, len(left))
    first = band_join(empty_session, left[:cut], right, radius_arcsec)
    second = band_join(empty_session, left[cut:], right, radius_arcsec)
    joined = first | {(i + cut, j): sep for (i, j), sep in second.items()}
    assert joined == band_join(empty_session, left, right, radius_arcsec)


@pytest.mark.parametrize("radius_arcsec", [0.001, 1.0, 60.0, 3600.0, 18000.0])
@pytest.mark.parametrize("dec", [0.0, 60.0, 89.5, -90.0])
def test_a_pair_exactly_at_the_radius_is_inside(empty_session: Session, radius_arcsec: float, dec: float) -> None:
    step = radius_arcsec / 3600 * (1 if dec <= 0 else -1)
    assert band_join(empty_session, [(10.0, dec)], [(10.0, dec + step)], radius_arcsec).keys() == {(0, 0)}


def test_antipodes_meet_at_180_degrees_only(empty_session: Session) -> None:
    left, right = [(10.0, 20.0), (0.0, 90.0)], [(190.0, -20.0), (77.0, -90.0)]
    assert band_join(empty_session, left, right, 179.0 * 3600).keys() == {(0, 1), (1, 0)}
    assert band_join(empty_session, left, right, 648000.0).keys() == {(0, 0), (0, 1), (1, 0), (1, 1)}
