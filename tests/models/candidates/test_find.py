"""Rare objects among rows made by hand: which, how sure, and why."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from skyband.models.candidates.find import COLUMNS, CandidateOptions, find_candidates, publish_candidates
from skyband.models.candidates.kind import choose_kinds, load_kinds
from skyband.models.features import FeatureOptions
from skyband.models.features.groups import load_groups
from skyband.queries import Sky
from skyband.schema.errors import BadOption, BadTable, QueryError, TableExists
from skyband.schema.store import Store
from tests.conftest import publish_rows

from .conftest import publish_scored

DROP_OUT = {"i": 22.5, "z": 19.9, "j": 19.0, "r": 24.0, "p": {"quasar": 0.95}, "w1": 17.5, "w2": 17.0}
DWARF = {"i": 21.0, "z": 18.6, "j": 15.8, "w1": 14.0, "w2": 12.2, "p": {"brown_dwarf": 0.9}}
BRIDGE = {"u": 18.2, "g": 18.0, "r": 17.7, "i": 17.0, "z": 16.4, "p": {"white_dwarf": 0.4, "star": 0.5}}
DUSTY = {"g": 16.0, "r": 16.2, "i": 16.4, "j": 15.8, "k": 15.0, "p": {"white_dwarf": 0.97}}
PLAIN: dict[str, Any] = {
    "u": 19.0,
    "g": 18.0,
    "r": 17.5,
    "i": 17.3,
    "z": 17.2,
    "j": 16.4,
    "h": 16.0,
    "k": 15.9,
    "p": {"star": 1.0},
}


def chance(value: float, limit: float, error: float) -> float:
    """That a normally distributed number with this mean and error is above a limit, by its logistic approximation."""
    return 1 / (1 + math.exp(-1.702 * (value - limit) / error))


def rows_of(sky: Sky, kind: str, **options: Any) -> list[dict[str, Any]]:
    found = find_candidates(sky, "t", CandidateOptions(kinds=(kind,), **options))
    assert found.rows.column_names == [column.name for column in COLUMNS]
    rows: list[dict[str, Any]] = found.rows.to_pylist()
    return rows


@pytest.fixture
def sky(store: Store) -> Sky:
    """A sky of plain stars with one candidate of each kind, or two."""
    rows = [
        {"id": "drop"} | DROP_OUT,
        {"id": "doubtful"} | DROP_OUT | {"p": {"quasar": 0.6}, "safety": "extrapolation"},
        {"id": "red"} | DROP_OUT | {"j": 17.0},
        {"id": "dwarf"} | DWARF,
        {"id": "bridge"} | BRIDGE,
        {"id": "dusty"} | DUSTY,
        *({"id": f"star{n}"} | PLAIN for n in range(30)),
    ]
    publish_scored(store, "t", rows)
    return Sky(settings=store.settings)


def test_quasars_that_drop_out_of_i(sky: Sky) -> None:
    error = math.hypot(0.05, 0.05)
    cut = min(chance(2.6, 2.2, error), chance(1.5, 0.9, error))
    assert rows_of(sky, "high-z-quasar") == [
        {
            "rank": 1,
            "score": pytest.approx(0.95 * cut),
            "kind": "high-z-quasar",
            "reasons": "p(quasar) 0.95; i drop-out, z > 5.7: i - z 2.60 +- 0.07; z - J 0.90 +- 0.07; "
            "W1 - W2 0.50 +- 0.07; no u; no W3",
            "id": "drop",
            "ra": 10.0,
            "dec": -5.0,
            "mag": pytest.approx(19.9),
            "band": "z",
            "class": "quasar",
            "safety": "safe",
        },
        {
            "rank": 2,
            "score": pytest.approx(0.6 * cut),
            "kind": "high-z-quasar",
            "reasons": "p(quasar) 0.60; i drop-out, z > 5.7: i - z 2.60 +- 0.07; z - J 0.90 +- 0.07; "
            "W1 - W2 0.50 +- 0.07; no u; no W3; an extrapolation",
            "id": "doubtful",
            "ra": 11.0,
            "dec": -5.0,
            "mag": pytest.approx(19.9),
            "band": "z",
            "class": "quasar",
            "safety": "extrapolation",
        },
    ]


@pytest.mark.parametrize(
    ("magnitudes", "drop_out"),
    [
        ({"g": 20.5, "r": 19.0, "i": 18.9, "z": 18.85}, "g drop-out"),  # z = 4.2
        ({"u": 24.0, "g": 20.5, "r": 19.0, "i": 18.9, "z": 18.85}, "g drop-out"),
        ({"u": 20.4, "g": 20.0, "r": 18.5, "i": 18.4, "z": 18.35}, None),  # light beyond the Lyman limit
        ({"g": 21.4, "r": 19.0, "i": 18.2, "z": 18.1}, "g drop-out"),  # z = 4.4, red in r - i
        ({"g": 22.9, "r": 21.0, "i": 19.5, "z": 19.4}, "r drop-out"),  # z = 5.0
        ({"u": 21.0, "g": 22.0, "r": 21.0, "i": 19.5, "z": 19.4}, None),  # the same with light in u
        ({"g": 22.9, "r": 21.0, "i": 19.5, "z": 18.7}, None),  # an M dwarf
        ({"r": 23.0, "i": 22.8, "z": 19.9}, "i drop-out"),  # no J
        ({"g": 19.3, "r": 19.1, "i": 19.0, "z": 18.9}, None),  # a quasar at z = 2
    ],
)
def test_where_the_light_of_a_quasar_is_cut_off(
    store: Store, magnitudes: dict[str, float], drop_out: str | None
) -> None:
    publish_scored(store, "t", [{"id": "a", "p": {"quasar": 1.0}} | magnitudes])
    found = rows_of(Sky(settings=store.settings), "high-z-quasar")
    assert [row["reasons"].split("; ")[1].split(",")[0] for row in found] == ([drop_out] if drop_out else [])


def test_brown_dwarfs(sky: Sky) -> None:
    [found] = rows_of(sky, "brown-dwarf")
    error = math.hypot(0.05, 0.05)
    assert found["id"] == "dwarf"
    assert (found["band"], found["mag"]) == ("j", pytest.approx(15.8))
    assert found["score"] == pytest.approx(0.9 * max(chance(2.4, 1.8, error), chance(1.8, 0.4, error)))
    assert found["reasons"] == (
        "p(brown dwarf) 0.90; T5 or later by W1 - W2 > 1.5; i - z 2.40 +- 0.07; z - J 2.80 +- 0.07; "
        "W1 - W2 1.80 +- 0.07"
    )


def test_white_dwarfs_with_companions(sky: Sky) -> None:
    error = math.hypot(0.05, 0.05)
    dusty, bridge = rows_of(sky, "white-dwarf-binary")
    assert (dusty["id"], bridge["id"]) == ("dusty", "bridge")
    assert dusty["score"] == pytest.approx(0.97 * chance(0.8, 0.5, error), rel=1e-4)
    assert dusty["reasons"] == "p(white dwarf) 0.97; g - r -0.20 +- 0.07; J - K 0.80 +- 0.07"
    cuts = [chance(0.45, 0.2, error), chance(0.7, 0.3, error), chance(0.7, 0.3, error), chance(0.6, 0.4, error)]
    assert bridge["score"] == pytest.approx(max(0.9 * min(cuts), 0.4), rel=1e-4)
    assert bridge["reasons"] == (
        "p(white dwarf) 0.40; between white dwarfs and M dwarfs in u, g, r, i, z; g - r 0.30 +- 0.07; "
        "r - i 0.70 +- 0.07, of a single white dwarf 0.10"
    )


def test_unusual_objects(store: Store) -> None:
    rng = np.random.default_rng(3)
    rows: list[dict[str, Any]] = [
        {"id": f"s{n}"} | PLAIN | {band: PLAIN[band] + rng.normal(0, 0.05) for band in "ugrizjhk"} for n in range(200)
    ]
    rows[7] |= {"g": 23.0, "i": 12.0}
    rows[50]["safety"] = "unsafe"
    rows[60]["disagreement"] = 0.7
    rows[70] |= {"safety": "unsafe", "disagreement": 0.8}
    publish_scored(store, "t", [{"disagreement": 0.0, "safety": "safe"} | row for row in rows])
    found = rows_of(Sky(settings=store.settings), "unusual", least_score=0.45)
    scores = {row["id"]: row["score"] for row in found}
    assert list(scores)[:2] == ["s7", "s70"]
    assert scores["s7"] == pytest.approx(1)
    # Ranks by the forest add what they add to those two signs.
    assert (scores["s70"] >= 0.9, scores["s60"] >= 0.699, scores["s50"] >= 0.499) == (True, True, True)
    assert found[0]["reasons"].startswith("more alone than all others; called star, p_max 1.00")
    assert "models disagree by 0.80; unlike all that the model learnt from" in found[1]["reasons"]


def test_agn_that_changed_for_good(store: Store) -> None:
    rows = [{"id": n, "r": 19.0, "p": {"quasar": 0.8}} for n in (1, 2, 3, 5)] + [
        {"id": 4, "r": 19.0, "p": {"star": 1.0}}
    ]
    publish_scored(store, "t", rows)
    rng = np.random.default_rng(1)
    days = np.arange(0, 3650, 50.0)
    # 1: faded over the years; 2: flickers by the same amount; 3: constant; 4: a star that faded; 5: faded in 200 days.
    fading, constant = 19 + 1.6 * days / 3650, np.full(days.size, 19.0)
    curves = {1: fading, 2: 19 + 0.8 * np.sign(rng.normal(size=days.size)), 3: constant, 4: fading}
    points = [
        {"object_id": name, "mjd": 50_000 + day, "mag": mag + rng.normal(0, 0.03), "mag_error": 0.03}
        for name, mags in curves.items()
        for day, mag in zip(days, mags, strict=True)
    ]
    points += [
        {"object_id": 5, "mjd": 50_000 + day, "mag": 19 + day / 125, "mag_error": 0.03} for day in range(0, 201, 10)
    ]
    measured: dict[str, Any] = {name: [point[name] for point in points] for name in points[0]}
    publish_rows(store, "curves", id=range(len(points)), ra=[0.0] * len(points), dec=[0.0] * len(points), **measured)
    sky = Sky(settings=store.settings)
    inputs = FeatureOptions(light_curves="curves")
    found = find_candidates(sky, "t", CandidateOptions(kinds=("changing-look-agn",)), inputs=inputs)

    first, last = (
        np.array([p["mag"] for p in points if p["object_id"] == 1])[rows] for rows in (days <= 900, days >= 2700)
    )
    change = last.mean() - first.mean()
    error = math.sqrt(max(first.var(ddof=1), 0.03**2) / first.size + max(last.var(ddof=1), 0.03**2) / last.size)
    [row] = found.rows.to_pylist()
    assert row["id"] == "1"
    assert row["score"] == pytest.approx(1.0 * chance(change, 1, error), rel=1e-5)
    assert row["reasons"].startswith(
        f"p(quasar) 0.80; p(galaxy) 0.20; fainter by {change:.2f} +- {error:.2f} mag in 9.9 yr; excess variance"
    )
    assert row["reasons"].endswith("; 73 points")


def test_kinds_that_the_table_cannot_tell_are_named(sky: Sky, store: Store) -> None:
    found = find_candidates(sky, "t")
    assert dict(found.skipped) == {"changing-look-agn": ("light curves (--light-curves TABLE)",)}
    assert dict(found.found) == {
        "brown-dwarf": 1,
        "high-z-quasar": 2,
        "unusual": found.found["unusual"],
        "white-dwarf-binary": 2,
    }
    rows: dict[str, Any] = {"class": ["galaxy"], "p_galaxy": [1.0], "p_qso": [0.0], "p_max": [1.0], "entropy": [0.0]}
    publish_rows(store, "few", id=[1], ra=[0.0], dec=[0.0], **rows, disagreement=[0.0], safety=["safe"])
    with pytest.raises(
        BadTable,
        match=r"cannot tell brown-dwarf, high-z-quasar: brown-dwarf needs p_brown_dwarf or .* and one of i_minus_z, z_",
    ):
        find_candidates(sky, "few", CandidateOptions(kinds=("high-z-quasar", "brown-dwarf")))
    publish_rows(store, "plain", id=[1], ra=[0.0], dec=[0.0])
    with pytest.raises(BadTable, match="no column 'class': skyband score plain"):
        find_candidates(sky, "plain")
    with pytest.raises(BadOption, match="no kind 'alien': the kinds are brown-dwarf, "):
        find_candidates(sky, "t", CandidateOptions(kinds=("alien",)))


def test_conditions_and_numbers(sky: Sky) -> None:
    assert [row["id"] for row in rows_of(sky, "high-z-quasar", where="p_quasar < 0.9")] == ["doubtful"]
    assert [row["id"] for row in rows_of(sky, "high-z-quasar", most=1)] == ["drop"]
    assert find_candidates(sky, "t", CandidateOptions(kinds=("high-z-quasar",), most=1)).found == {"high-z-quasar": 2}
    assert rows_of(sky, "high-z-quasar", least_score=0.999) == []
    with pytest.raises(QueryError, match="nothing"):
        rows_of(sky, "high-z-quasar", where="nothing = 1")
    with pytest.raises(BadOption, match="semicolon"):
        rows_of(sky, "high-z-quasar", where="true); DROP TABLE t")
    with pytest.raises(BadOption, match="0 candidates"):
        CandidateOptions(most=0)


def test_candidates_as_a_table(sky: Sky, store: Store) -> None:
    found = find_candidates(sky, "t", CandidateOptions(kinds=("high-z-quasar", "brown-dwarf")))
    info = publish_candidates(store, "mine", found, sky.table("t"), command="skyband candidates t")
    assert info.role("id") is not None and info.details["found"] == {"brown-dwarf": 1, "high-z-quasar": 2}
    assert sorted(sky.sql("SELECT candidate, id, rank, kind, mag, healpix_29 = healpix(29, ra, dec) FROM mine")) == [
        ("brown-dwarf dwarf", "dwarf", 1, "brown-dwarf", pytest.approx(15.8), True),
        ("high-z-quasar doubtful", "doubtful", 2, "high-z-quasar", pytest.approx(19.9), True),
        ("high-z-quasar drop", "drop", 1, "high-z-quasar", pytest.approx(19.9), True),
    ]
    with pytest.raises(TableExists):
        publish_candidates(store, "mine", found, sky.table("t"), command="")


@pytest.mark.parametrize("name", load_kinds())
def test_what_kinds_take_is_there(name: str) -> None:
    [kind] = choose_kinds([name])
    features = {feature.name for group in load_groups().values() for feature in group.features}
    others = {*kind.classes, "disagreement", "safety", "isolation", "light_curves"}
    assert {*kind.needs, *kind.needs_one, *kind.uses} <= features | others
    assert {f"{band}_mag" for band in kind.bands} <= {*kind.uses}
    assert kind.title and kind.source
