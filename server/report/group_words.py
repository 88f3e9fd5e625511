"""What any report says in words, on groups too."""

from __future__ import annotations

from collections.abc import Iterator

from skyband.queries.association import doubts_about
from skyband.server.console import percent
from skyband.server.report.groups import GroupsReport
from skyband.server.report.report import MatchReport
from skyband.server.report.words import (
    as_sentences,
    displacement_of,
    facts_of,
    options_in_words,
    pair_warnings,
    source_in_words,
    warnings_of,
)


def summary_of(report: MatchReport | GroupsReport) -> tuple[dict[str, str], list[str]]:
    """The facts of any report, what they are about and the figure, and its warnings."""
    if isinstance(report, MatchReport):
        return facts_of(report), warnings_of(report)
    warnings = [warning for pair in report.pairs for warning in pair_warnings(pair)]
    doubts = as_sentences(doubts_about(report.counts, report.options))
    return dict(_facts(report)), [*dict.fromkeys(warnings), *doubts]


def _facts(report: GroupsReport) -> Iterator[tuple[str, str]]:
    counts, lead = report.counts, report.pairs[0].subject.left
    rows = counts["left_rows"]
    yield "leading table", source_in_words(lead, rows)
    for pair in report.pairs:
        yield f"table {pair.subject.right.name}", source_in_words(pair.subject.right, pair.subject.counts["right_rows"])
    yield "kind", "association: groups with probabilities, from errors, motions and densities"
    yield "options", options_in_words(report.options)
    yield "groups", f"{counts['groups']:,}"
    for number, found in enumerate(report.members):
        share = f" ({found / rows:.2%})" if rows else ""
        yield f"{lead.name} rows with {number} counterparts", f"{found:,} of {rows:,}{share}"
    calibration, least = counts["calibration"], counts["least_probability"]
    cut = min(calibration["cuts"], key=lambda cut: abs(cut["least_probability"] - least))
    at = f"at p_any >= {cut['least_probability']:g}"
    yield "expected completeness", f"{percent(cut['completeness'])} {at}"
    yield (
        "expected contamination",
        f"{percent(cut['contamination'])} {at} by the probabilities; {percent(cut['chance_contamination'])} ± "
        f"{percent(cut['chance_error'])} by {calibration['trials']:,} shifted rows",
    )
    for pair in report.pairs:
        name, subject = pair.subject.right.name, pair.subject
        yield (
            f"{name}: in a group",
            f"{subject.counts['right_matched']:,} of {subject.counts['right_rows']:,} rows; "
            f"{percent(subject.counts['share'])} of the {lead.name} rows in its footprint have a counterpart",
        )
        for what, figure in displacement_of(pair):
            yield f"{name}: {what}", figure
