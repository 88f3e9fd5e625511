"""What tests of reports share: reading answers and pages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

from skyband.queries import Sky
from skyband.schema.store import Store
from skyband.server.report import GroupsReport, MatchReport
from skyband.server.report.page import Section, html_of, sections_of

PARTS = ("summary", "separations", "share-in-a-pair", "reliability", "on-the-sky", "how-it-was-made", "queries")


def columns(store: Store, query: str) -> SimpleNamespace:
    """The columns of an answer as arrays."""
    with Sky(store.path) as sky:
        table = sky.sql(query).to_arrow()
    return SimpleNamespace(**{name: table[name].to_numpy() for name in table.column_names})


def known(part: Any) -> Any:
    """A part of a report that is not unknown."""
    assert not hasattr(part, "unknown"), part
    return part


class WellFormed(HTMLParser):
    """Checks that elements are closed in order, and that no name is used twice."""

    VOID = frozenset({"meta", "br", "hr", "img", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(
    report: MatchReport | GroupsReport, sections: tuple[Section, ...] | None = None, parts: tuple[str, ...] = PARTS
) -> tuple[str, WellFormed]:
    """The page of a report, well-formed, in one piece, with every part."""
    page = html_of(report, sections_of(report) if sections is None else sections)
    parser = WellFormed()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert set(parts) <= set(parser.ids)
    # What a name refers to is there, and nothing comes from elsewhere.
    assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", page)) <= set(parser.ids)
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*|url\((?!#)[^)]*|@import", page)
    assert set(re.findall(r"https?://[^\"<\s]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    return page, parser
