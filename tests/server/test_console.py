"""What commands print for people."""

from __future__ import annotations

import io

import pytest

from skyband.server.console import as_paragraphs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


FIRST = "19 of 19 neighbours have votes, and they are compared with the base."
POINTS = ("smooth: 14% of the volunteers said so, on 19 galaxies.", "few.")


def test_paragraphs_fit_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert as_paragraphs(FIRST, POINTS, indent="  ", file=Terminal()).splitlines() == [
        "  19 of 19 neighbours have votes, and",
        "  they are compared with the base.",
        "  - smooth: 14% of the volunteers said",
        "    so, on 19 galaxies.",
        "  - few.",
    ]


def test_a_file_gets_them_whole() -> None:
    assert as_paragraphs(FIRST, POINTS, file=io.StringIO()).splitlines() == [FIRST, *(f"- {one}" for one in POINTS)]
