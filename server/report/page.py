"""The report as files: one HTML page with everything in it, and its plots as PNG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from skyband.schema.errors import StorageError
from skyband.schema.names import quote
from skyband.server.report.figures import Plot, png_of, style, svg_of
from skyband.server.report.group_words import summary_of
from skyband.server.report.groups import GroupsReport
from skyband.server.report.maps import density_map, offset_map
from skyband.server.report.plots import (
    cut_plot,
    member_plot,
    probability_plot,
    separation_plot,
    share_plots,
    sigma_plot,
)
from skyband.server.report.questions import Unknown
from skyband.server.report.report import MatchReport
from skyband.server.web.templates import render

_LONG = 120
_BREAK = re.compile(r"(?<=\S) (?=(?:FROM|WHERE|JOIN|SEMI JOIN|UNION ALL|CASE) )")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its plots, and why others are not there."""

    title: str
    plots: tuple[Plot, ...]
    missing: tuple[str, ...]


def sections_of(report: MatchReport | GroupsReport) -> tuple[Section, ...]:
    """The parts of the page that have plots; drawing takes a second or two."""
    with style():
        if isinstance(report, GroupsReport):
            return tuple(_of_groups(report))
        return (
            _section("Separations", separation_plot(report), sigma_plot(report)),
            _section("Share in a pair", *share_plots(report)),
            _section("Reliability", probability_plot(report), cut_plot(report.subject.counts)),
            _section("On the sky", density_map(report), offset_map(report)),
        )


def _of_groups(report: GroupsReport) -> Iterator[Section]:
    """The groups as a whole, then the leading table with each other."""
    yield _section("Reliability", member_plot(report), cut_plot(report.counts, "p_any"))
    for pair in report.pairs:
        left, right = pair.subject.left.name, pair.subject.right.name
        drawn = (
            separation_plot(pair), sigma_plot(pair), next(share_plots(pair)), density_map(pair), offset_map(pair),
        )  # fmt: skip
        # Files of several tables share a folder, and drawings a page.
        yield _section(
            f"{left} and {right}",
            *(replace(plot, name=f"{right}_{plot.name}") if isinstance(plot, Plot) else plot for plot in drawn),
        )


def _section(title: str, *found: Plot | Unknown) -> Section:
    return Section(
        title,
        tuple(part for part in found if isinstance(part, Plot)),
        tuple(dict.fromkeys(part.unknown for part in found if isinstance(part, Unknown))),
    )


def html_of(report: MatchReport | GroupsReport, sections: tuple[Section, ...]) -> str:
    """The page, in one piece."""
    queries = dict(report.queries)
    again: str | Unknown
    if isinstance(report, GroupsReport):
        pairs, what, again = report.pairs, "groups", f"FROM {quote(report.info.name)}"
        queries |= {f"{pair.subject.right.name}: {n}": query for pair in pairs for n, query in pair.queries.items()}
    else:
        pairs, what, again = (report,), "pairs", report.pairs_sql
    facts, warnings = summary_of(report)
    return render(
        "match_report.html",
        report=report,
        info=pairs[0].subject.info,
        what=what,
        subject=pairs[0].subject,
        sources=[pairs[0].subject.left, *(pair.subject.right for pair in pairs)],
        facts=facts,
        warnings=warnings,
        sections=[(section, [(plot, svg_of(plot)) for plot in section.plots]) for section in sections],
        again=_wrapped(again) if isinstance(again, str) else "",
        missing=again.unknown if isinstance(again, Unknown) else "",
        wrapped={title: _wrapped(query) for title, query in queries.items()},
    )


def write_page(report: MatchReport | GroupsReport, sections: tuple[Section, ...], path: Path) -> None:
    """Write the page.

    Raises:
        StorageError: the file cannot be written.
    """
    _write(path, html_of(report, sections).encode())


def write_plots(sections: tuple[Section, ...], folder: Path) -> list[Path]:
    """Write each plot as `<name>.png` into a folder, which is made; return the files.

    Raises:
        StorageError: a file cannot be written.
    """
    written = []
    for plot in (plot for section in sections for plot in section.plots):
        written.append(folder / f"{plot.name}.png")
        _write(written[-1], png_of(plot))
    return written


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error


def _wrapped(query: str) -> str:
    """SQL with its long lines broken before some words, so that it can be read."""
    return "\n".join(_BREAK.sub("\n    ", line) if len(line) > _LONG else line for line in query.splitlines())
