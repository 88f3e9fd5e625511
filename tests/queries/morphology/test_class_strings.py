"""Class strings of Galaxy Zoo 2, in Python and in SQL."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.queries.morphology import GalaxyClass, parse_class
from skyband.queries.serving.plans import own_functions
from skyband.schema.session import Session

ODD = ("ring", "lens or arc", "disturbed", "irregular", "other", "merger", "dust lane")
LETTERS = dict(zip(ODD, "rldiomu", strict=True))


def bodies() -> list[tuple[str, dict[str, Any]]]:
    """Every class without what is odd, written from the paper's words: the string and its parts."""
    found: list[tuple[str, dict[str, Any]]] = []
    for letter, word in (("r", "completely round"), ("i", "in between"), ("c", "cigar-shaped")):
        found.append((f"E{letter}", {"shape": "smooth", "roundness": word}))
    for letter, word in (("r", "rounded"), ("b", "boxy"), ("n", "no bulge")):
        found.append((f"Se{letter}", {"shape": "edge-on disk", "bulge_shape": word}))
    bulges = (("a", "dominant"), ("b", "obvious"), ("c", "just noticeable"), ("d", "no bulge"))
    arms = [*((n, n) for n in "1234"), ("+", "more than 4"), ("?", "cannot tell")]
    windings = (("t", "tight"), ("m", "medium"), ("l", "loose"))
    for bar, (letter, bulge) in itertools.product((False, True), bulges):
        start, parts = f"S{'B' * bar}{letter}", {"bar": bar, "bulge": bulge}
        found.append((start, {"shape": "disk"} | parts))
        for (number, arms_word), (turn, winding) in itertools.product(arms, windings):
            more = {"shape": "spiral", "arms": arms_word, "winding": winding}
            found.append((f"{start}{number}{turn}", more | parts))
    return found


BODIES = bodies()
CLASSES = [("A", {"shape": "artifact"})] + [
    (body + "".join(f"({LETTERS[word]})" for word in odd), parts | {"odd": odd})
    for body, parts in BODIES
    for odd in [(), *((word,) for word in ODD), ("ring", "merger"), ("merger", "ring"), ODD]
]
ILLEGAL = (
    "", "E", "S", "SB", "Se", "SBe", "Ex", "er", "ER", "Er ", " Er", "Er()", "Er(r", "Err", "Er(x)", "Er(r)(r)",
    "Er(r)(m)(r)", "A(o)", "AA", "Ser2t", "SeB", "Sc2", "Sct", "Sc5t", "Sc2tt", "SBBc", "Sc2t(o)x", "Sc2t o", "Er\n",
    "Scé", "sc2t", "E(r)",
)  # fmt: skip


def in_sql(session: Session, texts: list[str | None]) -> list[dict[str, Any] | None]:
    rows = session.connection.execute(
        "SELECT gz2_class_parts(class) FROM (SELECT unnest($1::VARCHAR[]) AS class, unnest(range(len($1))) AS place) "
        "ORDER BY place",
        [texts],
    ).fetchall()
    return [row[0] for row in rows]


def test_there_are_all_combinations() -> None:
    assert len(BODIES) == 3 + 3 + 2 * 4 * (1 + 6 * 3)
    assert len({text for text, _ in CLASSES}) == len(CLASSES) == 1 + 158 * 11


def test_every_class_is_read_and_written_alike_in_python_and_in_sql(empty_session: Session) -> None:
    answers = in_sql(empty_session, [text for text, _ in CLASSES])
    for (text, parts), answer in zip(CLASSES, answers, strict=True):
        expected = GalaxyClass(**parts)
        assert parse_class(text) == expected, text
        assert str(expected) == text
        assert answer == asdict(expected) | {"odd": list(expected.odd)}, text


def test_what_is_no_class_gives_nothing(empty_session: Session) -> None:
    assert [text for text in ILLEGAL if parse_class(text) is not None] == []
    assert in_sql(empty_session, [*ILLEGAL, None]) == [None] * (len(ILLEGAL) + 1)


ALPHABET = "ABESabcdeimnrtlou1234+?() "
changed = st.builds(
    lambda text, place, letter: text[:place] + letter + text[place + 1 :],
    st.sampled_from([text for text, _ in CLASSES]),
    st.integers(0, 12),
    st.sampled_from(["", *ALPHABET]),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(changed, st.text(ALPHABET, max_size=9)), min_size=20, max_size=60))
def test_a_text_is_a_class_if_and_only_if_it_is_listed(empty_session: Session, texts: list[str | None]) -> None:
    for text, answer in zip(texts, in_sql(empty_session, texts), strict=True):
        assert text is not None
        found = parse_class(text)
        assert (found is not None) == (text in LISTED or has_odd_list(text))
        assert found is None or str(found) == text
        assert answer == (None if found is None else asdict(found) | {"odd": list(found.odd)})


LISTED = {body for body, _ in BODIES} | {"A"}


def has_odd_list(text: str) -> bool:
    """Whether it is a listed class but A, and distinct letters in brackets after it: by the list, not by a grammar."""
    body, _, rest = text.partition("(")
    letters = rest[::3] if rest else ""
    return (
        body in LISTED - {"A"}
        and bool(rest)
        and "(" + rest == "".join(f"({letter})" for letter in letters)
        and set(letters) <= set("rldiomu")
        and len(set(letters)) == len(letters)
    )


@given(st.sampled_from(sorted(LISTED - {"A"})), st.permutations("rldiomu"), st.integers(0, 7))
def test_odd_features_come_in_any_order(body: str, letters: list[str], number: int) -> None:
    text = body + "".join(f"({letter})" for letter in letters[:number])
    found = parse_class(text)
    assert found is not None
    assert [LETTERS[word] for word in found.odd] == letters[:number]
    assert str(found) == text


def test_users_may_call_it(empty_session: Session) -> None:
    assert "gz2_class_parts" in own_functions(empty_session.connection)


@pytest.mark.parametrize("text", ["Ei", "Er", "Ser", "Sc?t", "Ec"])
def test_the_most_frequent_classes_of_the_survey_are_classes(text: str) -> None:
    assert parse_class(text) is not None
