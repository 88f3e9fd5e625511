"""Plots of pairs: separations, probabilities, shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.crossmatch import Find
from skyband.server.report.chance import ChanceLevel
from skyband.server.report.figures import BLUE, GREEN, GREY, INK, ORANGE, Plot, new_figure
from skyband.server.report.groups import GroupsReport
from skyband.server.report.questions import Unknown
from skyband.server.report.report import MatchReport
from skyband.server.report.separations import Histogram
from skyband.server.report.shares import Shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN, _HEIGHT_IN = 7.4, 3.5
_CUT_TICKS = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999)


def separation_plot(report: MatchReport) -> Plot | Unknown:
    """Pairs by separation with the level of chance."""
    found = report.separations
    if isinstance(found, Unknown):
        return found
    figure = new_figure(_WIDTH_IN, _HEIGHT_IN)
    axes = figure.add_subplot()
    _draw_bars(axes, found, "pairs")
    captions = ["Pairs by separation."]
    if found.true is not None:
        axes.plot(_centres(found), found.true, color=GREEN, linewidth=1.8, label="true pairs, if errors are right")
        captions.append("Green: where the errors of the rows say that the true pairs lie (Rayleigh's curve of each).")
    if found.random is not None and isinstance(report.chance, ChanceLevel):
        axes.stairs(found.random, found.edges, color=GREY, linestyle="--", label="found by positions at random")
        captions.append(f"Dashed: what {report.chance.origin} would find, growing with the separation.")
    if found.wrong is not None and not (report.subject.find is Find.ALL and not report.subject.is_association):
        how = "1 - p_match, added up" if report.subject.is_association else "rows without a counterpart"
        axes.stairs(found.wrong, found.edges, color=ORANGE, label=f"expected wrong ({how})")
        captions.append(f"Orange: how many of the pairs are expected to be wrong ({how}).")
    _set_log(axes, found)
    axes.set(xlabel="separation [arcsec]", ylabel="pairs per bin", xlim=(0, found.edges[-1]))
    axes.legend()
    return Plot("separations", "Separations", " ".join(captions) + _beyond(found), figure)


def sigma_plot(report: MatchReport) -> Plot | Unknown:
    """Pairs by normalised separation with Rayleigh's curve."""
    found = report.sigmas
    if isinstance(found, Unknown):
        return found
    figure = new_figure(_WIDTH_IN, _HEIGHT_IN)
    axes = figure.add_subplot()
    _draw_bars(axes, found, "pairs")
    assert found.true is not None and found.wrong is not None
    axes.plot(
        _centres(found), found.true, color=GREEN, linewidth=1.8, label="true pairs, if errors are right (Rayleigh)"
    )
    axes.stairs(found.wrong, found.edges, color=ORANGE, label="expected wrong (1 - p_match, added up)")
    if found.random is not None:
        axes.stairs(found.random, found.edges, color=GREY, linestyle="--", label="found by positions at random")
    highest = 1.15 * max(*found.pairs, *found.true, 1)
    axes.set(xlabel="separation / its error", ylabel="pairs per bin", xlim=(0, found.edges[-1]), ylim=(0, highest))
    axes.legend()
    caption = (
        "Separations in units of their errors, systematic floor included. Where errors are normal and right, the true "
        "pairs follow the green curve; a histogram to its right means errors that are too small."
    )
    if found.random is not None:
        caption += " Dashed: what random positions find, at the density of the place and with such errors."
    return Plot("normalised_separations", "Normalised separations", caption + _beyond(found), figure)


def probability_plot(report: MatchReport) -> Plot | Unknown:
    """Pairs by probability."""
    found = report.probabilities
    if isinstance(found, Unknown):
        return found
    figure = new_figure(_WIDTH_IN, _HEIGHT_IN)
    axes = figure.add_subplot()
    _draw_bars(axes, found, "pairs")
    assert found.wrong is not None
    axes.stairs(found.wrong, found.edges, color=ORANGE, label="expected wrong (1 - p_match, added up)")
    axes.set(xlabel="p_match", ylabel="pairs per bin", xlim=(0, 1))
    _set_log(axes, found)
    axes.legend(loc="upper center")
    caption = "How sure the pairs are: an association that decides has few between 0 and 1."
    return Plot("probabilities", "Probabilities", caption, figure)


def cut_plot(counts: Mapping[str, Any], probability: str = "p_match") -> Plot | Unknown:
    """Completeness and contamination against the cut in a probability, by the counts that a match keeps."""
    if "calibration" not in counts:
        return Unknown("a plain match has no probabilities")
    calibration = counts["calibration"]
    cuts = [cut for cut in calibration["cuts"] if cut["rows"]]
    if not cuts:
        return Unknown("no row of the left table has a pair")
    least, completeness, claimed, chance, error = (
        np.array([cut[name] for cut in cuts])
        for name in ("least_probability", "completeness", "contamination", "chance_contamination", "chance_error")
    )
    figure = new_figure(_WIDTH_IN, _HEIGHT_IN)
    left, right = figure.subplots(1, 2)
    left.plot(_stretched(least), completeness, color=BLUE, marker=".")
    left.set(ylabel="expected completeness", title="Counterparts that are kept")
    right.plot(_stretched(least), claimed, color=ORANGE, marker=".", label="by the probabilities")
    right.errorbar(_stretched(least), chance, error, color=INK, fmt="o", markersize=3, label="by shifted rows", lw=1)
    right.set(ylabel="expected contamination", title="Pairs that are wrong")
    shown = np.concatenate([claimed, chance])
    if (shown > 0).any():
        right.set_yscale("log")
        right.set_ylim(bottom=max(float(shown[shown > 0].min()) / 3, 1e-8))
    right.legend()
    for axes in (left, right):
        axes.set_xticks(_stretched(np.array(_CUT_TICKS)), [f"{tick:g}" for tick in _CUT_TICKS])
        axes.set_xlabel(f"least {probability} kept")
        axes.grid(True)
        axes.axvline(float(_stretched(np.array([counts["least_probability"]]))[0]), color=GREY, ls=":")
    caption = (
        f"What a cut in {probability} keeps and lets in, best pairs of left rows. Contamination is told twice: by the "
        f"probabilities, and by {calibration['trials']:,} left rows shifted on the sky (bars: 1 sigma of counting). "
        "Where both agree, the probabilities can be taken at their word. Dotted: the cut of this table."
    )
    return Plot("cuts", "Completeness and contamination", caption, figure)


def member_plot(report: GroupsReport) -> Plot:
    """Leading rows by the number of their counterparts."""
    figure = new_figure(_WIDTH_IN, 2.6)
    axes = figure.add_subplot()
    numbers, rows = range(len(report.members)), max(sum(report.members), 1)
    drawn = axes.bar(numbers, [found / rows for found in report.members], color=BLUE, alpha=0.55, width=0.7)
    axes.bar_label(drawn, [f"{found:,}" for found in report.members], fontsize=8)
    axes.set_xticks(numbers)
    axes.set(xlabel="tables with a counterpart", ylabel="share of rows")
    axes.margins(y=0.15)
    axes.grid(True, axis="y")
    caption = f"Rows of {report.lead} by the number of tables in which their most probable group has a counterpart."
    return Plot("members", "Counterparts", caption, figure)


def share_plots(report: MatchReport) -> Iterator[Plot | Unknown]:
    """The share of rows in a pair by magnitude and by galactic latitude."""
    for name, shares in (("magnitudes", report.magnitudes), ("latitudes", report.latitudes)):
        yield shares if isinstance(shares, Unknown) else _share_plot(report, name, shares)


def _share_plot(report: MatchReport, name: str, shares: Shares) -> Plot:
    figure = new_figure(_WIDTH_IN, _HEIGHT_IN)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    edges, rows = np.array(shares.edges), np.array(shares.rows)
    there = np.flatnonzero(rows)
    centres, share = ((edges[:-1] + edges[1:]) / 2)[there], np.array(shares.matched)[there] / rows[there]
    limits = np.array([shares.interval(int(place)) for place in there])
    bars = np.abs(limits.T - share)
    upper.errorbar(centres, share, bars, fmt="o", markersize=4, color=BLUE, label="in a pair", lw=1.2)
    if shares.claimed is not None:
        claimed = np.array(shares.claimed)[there] / rows[there]
        upper.plot(centres, claimed, color=ORANGE, label="with a counterpart, p_match added up", lw=1.2)
        upper.legend()
    upper.set(ylabel="share of rows", ylim=(-0.03, 1.05))
    upper.grid(True)
    lower.stairs(rows, edges, color=GREY, fill=True)
    lower.set(ylabel="rows", xlabel=f"{shares.value} [{shares.unit}]", xlim=(edges[0], edges[-1]))
    names = report.subject.left.name, report.subject.right.name
    [other] = [table for table in names if table != shares.table] or names[:1]
    caption = (
        f"Rows of {shares.table} in the footprint of {other} that are in a pair (bars: 1 sigma), and how many rows "
        "there are."
    )
    if shares.table != names[0]:
        caption += f" {names[0]} has no magnitude, so that those of {shares.table} are taken."
    if shares.one_in > 1:
        caption += f" One row in {shares.one_in} was asked."
    if shares.elsewhere:
        caption += f" {shares.elsewhere:,} rows lie outside the plot."
    what = "magnitude" if name == "magnitudes" else "galactic latitude"
    return Plot(f"share_by_{what.replace(' ', '_')}", f"Share in a pair by {what}", caption, figure)


def _draw_bars(axes: Axes, found: Histogram, label: str) -> None:
    axes.stairs(found.pairs, found.edges, fill=True, color=BLUE, alpha=0.55, label=label)
    axes.grid(True, axis="y")


def _set_log(axes: Axes, found: Histogram) -> None:
    """Counts on a logarithmic axis that begins below one pair, or a little below the lines."""
    lines = [value for line in (found.wrong, found.random) if line is not None for value in line if value > 0]
    bottom = min(0.5, max(float(np.median(lines)) / 3, 1e-3)) if lines else 0.5
    axes.set_yscale("log")
    axes.set_ylim(bottom, 3 * max(*found.pairs, *lines, 1))


def _centres(found: Histogram) -> np.ndarray[Any, np.dtype[np.float64]]:
    edges = np.array(found.edges)
    centres: np.ndarray[Any, np.dtype[np.float64]] = (edges[:-1] + edges[1:]) / 2
    return centres


def _beyond(found: Histogram) -> str:
    return f" {found.elsewhere:,} pairs lie beyond the plot." if found.elsewhere else ""


def _stretched(probability: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Probabilities so that each nine gets the same room; 1 is where a sixth nine would be."""
    stretched: np.ndarray[Any, np.dtype[np.float64]] = -np.log10(np.maximum(1 - probability, 1e-6))
    return stretched
