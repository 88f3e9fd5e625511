"""Volunteers with known minds: each galaxy has true shares of answers, and volunteers walk the questions by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from skyband.queries.morphology import Votes
from skyband.schema.columns import Column
from skyband.schema.session import Session

Doubles = npt.NDArray[np.float64]

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "t01_smooth_or_features": {
        "a01_smooth": "t07_rounded",
        "a02_features_or_disk": "t02_edgeon",
        "a03_star_or_artifact": "",
    },
    "t02_edgeon": {"a04_yes": "t09_bulge_shape", "a05_no": "t03_bar"},
    "t03_bar": {"a06_bar": "t04_spiral", "a07_no_bar": "t04_spiral"},
    "t04_spiral": {"a08_spiral": "t10_arms_winding", "a09_no_spiral": "t05_bulge_prominence"},
    "t10_arms_winding": dict.fromkeys(("a28_tight", "a29_medium", "a30_loose"), "t11_arms_number"),
    "t11_arms_number": dict.fromkeys(
        ("a31_1", "a32_2", "a33_3", "a34_4", "a36_more_than_4", "a37_cant_tell"), "t05_bulge_prominence"
    ),
    "t05_bulge_prominence": dict.fromkeys(
        ("a10_no_bulge", "a11_just_noticeable", "a12_obvious", "a13_dominant"), "t06_odd"
    ),
    "t07_rounded": dict.fromkeys(("a16_completely_round", "a17_in_between", "a18_cigar_shaped"), "t06_odd"),
    "t09_bulge_shape": dict.fromkeys(("a25_rounded", "a26_boxy", "a27_no_bulge"), "t06_odd"),
    "t06_odd": {"a14_yes": "t08_odd_feature", "a15_no": ""},
    "t08_odd_feature": dict.fromkeys(
        (
            "a19_ring",
            "a20_lens_or_arc",
            "a21_disturbed",
            "a22_irregular",
            "a23_other",
            "a24_merger",
            "a38_dust_lane",
        ),
        "",
    ),
}
"""The tree as figure 1 of Willett et al. 2013 draws it, in an order in which no question comes before its way."""


def walked(
    rng: np.random.Generator, minds: Mapping[str, Doubles], volunteers: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.int64]]:
    """Votes by column name: volunteers walk down the tree.

    Args:
        rng: chance.
        minds: true shares of the answers of each question, shape (galaxies, answers).
        volunteers: of each galaxy, shape (galaxies,).
    """
    asked = {task: np.zeros(len(volunteers), np.int64) for task in QUESTIONS}
    asked["t01_smooth_or_features"] = volunteers
    counts = {}
    for task, answers in QUESTIONS.items():
        votes = rng.multinomial(asked[task], minds[task])
        for place, (answer, leads_to) in enumerate(answers.items()):
            counts[f"{task}_{answer}_count"] = votes[:, place]
            if leads_to:
                asked[leads_to] = asked[leads_to] + votes[:, place]
    return counts


def any_minds(rng: np.random.Generator, galaxies: int, concentration: float = 0.5) -> dict[str, Doubles]:
    """True shares at random, sharper for a smaller concentration."""
    return {task: rng.dirichlet([concentration] * len(answers), size=galaxies) for task, answers in QUESTIONS.items()}


def vote_table(rng: np.random.Generator, galaxies: int, **others: Any) -> pa.Table:
    """A table of votes of galaxies at random, ids from 1."""
    counts = walked(rng, any_minds(rng, galaxies), rng.integers(25, 55, galaxies))
    ra, dec = rng.uniform(0, 360, galaxies), np.degrees(np.arcsin(rng.uniform(-1, 1, galaxies)))
    return pa.table({"dr7objid": np.arange(1, galaxies + 1), "ra": ra, "dec": dec, **counts, **others})


MakeVotes = Callable[..., Votes]


@pytest.fixture
def make_votes(empty_session: Session) -> MakeVotes:
    """Make a table of votes in the session: `make_votes(rows)`."""

    def make(rows: pa.Table, name: str = "votes", id: str = "dr7objid", **ucds: str) -> Votes:
        connection = empty_session.connection
        connection.register("given_rows", rows)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM given_rows")
        connection.unregister("given_rows")
        described = connection.execute(f"DESCRIBE {name}").fetchall()
        columns = [Column(column[0], column[1], ucd=ucds.get(column[0], "")) for column in described]
        return Votes.of_columns(name, name, columns, id)

    return make
