"""The report as files: one HTML page with everything in it, and its plots as PNG."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from skyband.schema.errors import StorageError
from skyband.server.report.figures import Plot, png_of, style, svg_of
from skyband.server.report.maps import density_map, offset_map
from skyband.server.report.plots import cut_plot, probability_plot, separation_plot, share_plots, sigma_plot
from skyband.server.report.questions import Unknown
from skyband.server.report.report import MatchReport
from skyband.server.report.words import facts_of, warnings_of
from skyband.server.web.templates import render

_LONG = 120
_BREAK = re.compile(r"(?<=\S) (?=(?:FROM|WHERE|JOIN|SEMI JOIN|UNION ALL|CASE) )")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its plots, and why others are not there."""

    title: str
    plots: tuple[Plot, ...]
    missing: tuple[str, ...]


def sections_of(report: MatchReport) -> tuple[Section, ...]:
    """The parts of the page that have plots; drawing takes a second or two."""
    with style():
        parts = {
            "Separations": (separation_plot(report), sigma_plot(report)),
            "Share in a pair": tuple(share_plots(report)),
            "Reliability": (probability_plot(report), cut_plot(report)),
            "On the sky": (density_map(report), offset_map(report)),
        }
    return tuple(
        Section(
            title,
            tuple(part for part in found if isinstance(part, Plot)),
            tuple(dict.fromkeys(part.unknown for part in found if isinstance(part, Unknown))),
        )
        for title, found in parts.items()
    )


def html_of(report: MatchReport, sections: tuple[Section, ...]) -> str:
    """The page, in one piece."""
    return render(
        "match_report.html",
        report=report,
        info=report.subject.info,
        facts=facts_of(report),
        warnings=warnings_of(report),
        sections=[(section, [(plot, svg_of(plot)) for plot in section.plots]) for section in sections],
        again=_wrapped(report.pairs_sql) if isinstance(report.pairs_sql, str) else "",
        wrapped={title: _wrapped(query) for title, query in report.queries.items()},
    )


def write_page(report: MatchReport, sections: tuple[Section, ...], path: Path) -> None:
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
