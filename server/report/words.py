"""What a report says in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from skyband.queries.association import doubts_about, not_fitted
from skyband.server.console import percent
from skyband.server.report.offsets import Offsets
from skyband.server.report.questions import Unknown
from skyband.server.report.report import MatchReport
from skyband.server.report.subject import Source, Subject

NOT_KNOWN = "not known"
_HIDDEN = {"tables", "left", "right", "into", "replace"}
"""Options the page says elsewhere."""
_LESS_CHANCE = "(matched rows less those that chance matched)"


def facts_of(report: MatchReport) -> dict[str, str]:
    """The summary: what it is about, and the figure."""
    subject = report.subject
    facts = {"left table": source_in_words(subject.left, subject.counts["left_rows"])}
    facts["right table"] = source_in_words(subject.right, subject.counts["right_rows"])
    facts |= {"kind": _kind(subject), "options": options_in_words(subject.options), "pairs": _pairs(subject)}
    for side in ("left", "right"):
        name, rows, matched = getattr(subject, side).name, *(subject.counts[f"{side}_{k}"] for k in ("rows", "matched"))
        share = f" ({matched / rows:.2%})" if rows else ""
        facts[f"{side} rows in a pair"] = f"{matched:,} of {rows:,} of {name}{share}"
    if subject.counts.get("epoch") is not None:
        facts["positions moved to"] = f"J{subject.counts['epoch']:.2f}"
    facts |= dict(_expected(report))
    facts |= dict(displacement_of(report))
    return facts


def warnings_of(report: MatchReport) -> list[str]:
    """What readers must know before they trust the figures."""
    subject = report.subject
    doubts = doubts_about(subject.counts, subject.options) if subject.is_association else []
    return pair_warnings(report) + as_sentences(doubts)


def pair_warnings(report: MatchReport) -> list[str]:
    """What became of the tables, and whether the report sees the pairs as the match did."""
    subject = report.subject
    warnings = [
        f"{fault}: what needs its rows as they were is left out."
        for fault in dict.fromkeys(s.fault for s in (subject.left, subject.right) if s.fault)
    ]
    if isinstance(report.offsets, Offsets) and subject.options.get("offsets", "keep") == "keep":
        differs, extent = report.offsets.differs_arcsec, report.extent
        if not isinstance(extent, Unknown) and differs > max(0.02 * extent.median_arcsec, 1e-4):
            warnings.append(
                f"Separations computed for this report differ from those of the match by {differs:.2g} arcsec "
                "(median), so the displacements are not those the match saw."
            )
    return warnings


def as_sentences(doubts: Iterable[str]) -> list[str]:
    """Doubts as sentences."""
    return [f"{doubt[:1].upper()}{doubt[1:]}." for doubt in doubts]


def source_in_words(source: Source, rows: int) -> str:
    """A table, how large it is and which version."""
    version = f"version {source.version} ({source.version_id})" if source.now else source.version_id or "not recorded"
    return f"{source.name}, {rows:,} rows, {version}"


def _kind(subject: Subject) -> str:
    if subject.is_association:
        return "association: pairs with probabilities, from errors, motions and densities"
    return "duplicates of one table" if subject.is_self_match else "plain match: pairs by separation"


def options_in_words(options: Mapping[str, Any]) -> str:
    """What was asked of a match, but for what is said elsewhere."""
    plain = {"find", "join", "radius_arcsec", "n_sigma"}
    first = (f"{name} {_value(options[name])}" for name in sorted(plain & options.keys()))
    others = (f"{name} {_value(value)}" for name, value in options.items() if name not in plain | _HIDDEN)
    return ", ".join(text for text in (*first, *others) if not text.endswith((" None", " {}")))


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(item)}" for name, item in value.items()) + "}"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _pairs(subject: Subject) -> str:
    text = f"{subject.counts['pairs']:,}"
    if "candidates" in subject.counts:
        text += f" of {subject.counts['candidates']:,} within reach"
    return f"{text}, which the table does not list" if subject.counts["pairs"] and subject.without_pairs else text


def _expected(report: MatchReport) -> Iterator[tuple[str, str]]:
    subject, expected = report.subject, report.expected
    how = f"of those in the footprint of {subject.right.name} (fitted)" if subject.is_association else ""
    if subject.options.get("completeness") is not None:
        how = how.replace("fitted", "given")
    share = NOT_KNOWN
    if expected.share is not None and expected.share_error is not None:
        share = f"{percent(expected.share)} ± {percent(expected.share_error)} {how or _LESS_CHANCE}"
    yield "left rows with a counterpart within reach", share
    at = f" at p_match >= {expected.cut:g}" if expected.cut is not None else ""
    complete = f"{NOT_KNOWN}: a plain match has no errors to tell how many lie farther apart"
    yield "expected completeness", complete if expected.completeness is None else percent(expected.completeness) + at
    told = []
    if expected.contamination is not None:
        told.append(f"{percent(expected.contamination)}{at} by the probabilities")
    if expected.chance_contamination is not None and expected.chance_error is not None:
        told.append(f"{percent(expected.chance_contamination)} ± {percent(expected.chance_error)} by shifted rows")
    yield "expected contamination", "; ".join(told) or NOT_KNOWN


def displacement_of(report: MatchReport) -> Iterator[tuple[str, str]]:
    """Systematic error and displacement of the tables."""
    tuning, found = report.subject.tuning, report.offsets
    if tuning:
        how = not_fitted(tuning, report.subject.options) or "given"
        how = f"fitted to {tuning['pairs']:,} pairs" if tuning["floor_fitted"] else how
        yield "systematic floor", f"{tuning['floor_arcsec']:.4f} arcsec in each coordinate ({how})"
        yield "errors of the tables", _scale(tuning)
    else:
        yield "systematic floor", f"{NOT_KNOWN}: a plain match has no errors to compare with"
    if tuning and tuning["offset_error_arcsec"]:
        yield (
            "displacement of the tables (fit)",
            f"{tuning['offset_ra_arcsec']:+.4f} east, {tuning['offset_dec_arcsec']:+.4f} north, "
            f"± {tuning['offset_error_arcsec']:.4f} arcsec",
        )
        if tuning["map_rms_arcsec"] is not None:
            yield (
                "its scatter over the sky (fit)",
                f"{tuning['map_rms_arcsec']:.4f} arcsec, of which noise {tuning['map_error_arcsec']:.4f} "
                f"(cells of order {tuning['map_order']})",
            )
    if isinstance(found, Unknown):
        yield "displacement of the pairs (median)", f"{NOT_KNOWN}: {found.unknown}"
        return
    yield (
        "displacement of the pairs (median)",
        f"{found.median_ra_arcsec:+.4f} east, {found.median_dec_arcsec:+.4f} north, ± {found.error_arcsec:.4f} arcsec",
    )
    rms, noise = found.map_rms_arcsec, found.map_noise_arcsec
    yield (
        "its scatter over the sky",
        f"{rms:.4f} arcsec, of which noise {noise:.4f} ({len(found.cells)} cells of order {found.order})"
        if rms is not None and noise is not None
        else f"{NOT_KNOWN}: the pairs fill one cell",
    )


def _scale(tuning: Mapping[str, Any]) -> str:
    scale = tuning.get("error_scale", 1.0)
    if scale == 1:
        return "as quoted"
    how = f"fitted to {tuning['pairs']:,} pairs" if tuning["error_scale_fitted"] else "given"
    return f"multiplied by {scale:.3g} ({how})"
