"""Plots of a validation, by the table they stand beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from skyband.models.validation.measures import Share
from skyband.models.validation.report import ValidationReport
from skyband.server.report.figures import BLUE, GREEN, GREY, INK, ORANGE, Plot, new_figure
from skyband.server.validation.sky_plot import area_plot
from skyband.server.validation.words import between

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN = 7.4
_FEATURES = 15
_LEAST_ROWS = 20
"""Of a share that is drawn, if others are."""
_PALETTE = (BLUE, ORANGE, GREEN, "#a05fc4", "#c9484f", "#b8a12c", "#49a6a6", GREY)


def plots_of(report: ValidationReport) -> dict[str, list[Plot]]:
    """What can be drawn, by the title of the table."""
    makers: dict[str, tuple[Callable[[ValidationReport], Plot | None], ...]] = {
        "Classes": (confusion_plot, reliability_plot),
        "By magnitude": (magnitude_plot,),
        "Held-out sky": (area_plot,),
        "Conformal sets": (coverage_plot,),
        "Baselines": (baseline_plot,),
        "Importances": (importance_plot,),
        "SHAP values": (shap_plot,),
        "What missing bands give away": (leak_plot,),
    }
    found = {title: [plot for make in some if (plot := make(report)) is not None] for title, some in makers.items()}
    return {title: plots for title, plots in found.items() if plots}


def confusion_plot(report: ValidationReport) -> Plot:
    """Rows by true and likeliest class."""
    counts = np.array(report.scores.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = len(report.classes)
    figure = new_figure(_WIDTH_IN, 1.6 + 0.46 * size)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            # On cells of their own colour letters keep theirs, on light pages as on dark ones.
            colour = "white" if shares[row, column] > 0.55 else "#101010"
            text = f"{shares[row, column]:.1%}\n{counts[row, column]:,}"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(size), report.classes, rotation=25 if size > 4 else 0, ha="right" if size > 4 else "center")
    axes.set_yticks(range(size), report.classes)
    axes.set(xlabel="called", ylabel="is")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    caption = "Of the rows of each class, the share that is called each, and their number."
    return Plot("confusion", "Confusion matrix", caption, figure)


def reliability_plot(report: ValidationReport) -> Plot:
    """Accuracy by confidence, and how many rows have it."""
    bins = report.reliability
    figure = new_figure(_WIDTH_IN, 3.6)
    axes, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    axes.plot((0, 1), (0, 1), color=INK, linewidth=0.8, linestyle=":")
    _dots(axes, [one.confidence for one in bins], [one.right for one in bins], BLUE)
    axes.set(ylabel="share that is right", ylim=(0, 1.04))
    axes.grid(True)
    below.bar(
        [(one.low + one.high) / 2 for one in bins],
        [one.right.rows for one in bins],
        width=[0.92 * (one.high - one.low) for one in bins],
        color=BLUE,
        alpha=0.55,
    )
    below.set(xlabel="probability of the likeliest class", ylabel="rows", yscale="log", xlim=(0, 1.02))
    caption = (
        f"Points on the dotted line keep what they promise (bars: 95 % intervals); calibration error "
        f"{report.scores.ece:.4f}. Below: rows by probability."
    )
    return Plot("reliability", "Reliability", caption, figure)


def magnitude_plot(report: ValidationReport) -> Plot | None:
    """Accuracy and confidence by magnitude."""
    bins = [one for one in report.by_magnitude if one.brightest is not None or one.faintest is not None]
    if len(bins) < 2:
        return None
    figure = new_figure(_WIDTH_IN, 3.0)
    axes = figure.add_subplot()
    places = np.arange(len(bins))
    _dots(axes, places - 0.06, [one.figures.accuracy for one in bins], BLUE, label="accuracy")
    axes.plot(places + 0.06, [one.figures.confidence for one in bins], "D", color=ORANGE, label="mean confidence")
    axes.plot(places, [one.figures.macro_f1 for one in bins], "_", color=GREY, markersize=14, label="macro F1")
    axes.set_xticks(places, [between(one.brightest, one.faintest) for one in bins])
    axes.set(xlabel="magnitude", xlim=(-0.5, len(bins) - 0.5))
    axes.margins(y=0.12)
    axes.grid(True, axis="y")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return Plot(
        "magnitudes", "By magnitude", "Where confidence lies above accuracy, a model believes too much.", figure
    )


def coverage_plot(report: ValidationReport) -> Plot:
    """Coverage of the conformal sets by class and by magnitude."""
    found = report.coverage
    named = [*found.by_class.items()]
    named += [(f"mag {between(one.brightest, one.faintest)}", one.covered) for one in found.by_magnitude]
    names, shares = zip(*[item for item in named if item[1].rows >= _LEAST_ROWS] or named, strict=True)
    figure = new_figure(_WIDTH_IN, 1.1 + 0.26 * len(names))
    axes = figure.add_subplot()
    axes.axvline(found.promised, color=INK, linewidth=0.8, linestyle=":")
    _lines(axes, names, shares, BLUE)
    axes.set(
        xlabel="share of sets that hold the true class", xlim=(min(0.7, *(one.low for one in shares)) - 0.02, 1.01)
    )
    caption = f"Dotted: the {found.promised:.0%} that was promised. Bars: 95 % intervals."
    return Plot("coverage", "Coverage of conformal sets", caption, figure)


def baseline_plot(report: ValidationReport) -> Plot | None:
    """Precision and recall of cuts and model."""
    rated = report.baselines
    if not rated:
        return None
    figure = new_figure(_WIDTH_IN, 1.2 + 0.5 * len(rated))
    for axes, what in zip(figure.subplots(1, 2, sharey=True), ("precision", "recall"), strict=True):
        for place, one in enumerate(rated):
            for offset, colour, some, label in ((-0.13, GREY, one.cut, "cut"), (0.13, BLUE, one.model, "model")):
                _lines(axes, [], [getattr(some, what)], colour, at=[place + offset], label="" if place else label)
        axes.set_yticks(
            range(len(rated)), [f"{one.name}\n({one.finds}, {one.rows:,} rows)" for one in rated], fontsize=8
        )
        axes.set(xlabel=what, ylim=(len(rated) - 0.5, -0.5))
        axes.set_xlim(right=1.02)
    figure.axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return Plot("baselines", "Baselines", "Cuts and the model on the same rows; bars: 95 % intervals.", figure)


def importance_plot(report: ValidationReport) -> Plot | None:
    """Permutation importances."""
    found = report.importances
    if found is None:
        return None
    bars = [*((f"all of {one.name}", one.log_loss, ORANGE) for one in found.groups)]
    bars += [(one.name, one.log_loss, BLUE) for one in found.features[:_FEATURES]]
    figure = new_figure(_WIDTH_IN, 0.8 + 0.2 * len(bars))
    axes = figure.add_subplot()
    axes.barh(range(len(bars)), [value for _, value, _ in bars], color=[colour for *_, colour in bars], height=0.7)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars], fontsize=8)
    axes.set(xlabel="rise of the log loss", ylim=(len(bars) - 0.4, -0.6))
    axes.grid(True, axis="x")
    caption = (
        "What is lost when the values are those of other rows. Orange: all features of what measured them together."
    )
    return Plot("importances", "Permutation importances", caption, figure)


def shap_plot(report: ValidationReport) -> Plot | None:
    """SHAP values by feature and class."""
    found = report.importances
    if found is None:
        return None
    shown = list(found.shap.items())[:_FEATURES]
    if not shown:
        return None
    figure = new_figure(_WIDTH_IN, 1.1 + 0.2 * len(shown))
    axes = figure.add_subplot()
    left = np.zeros(len(shown))
    for place, name in enumerate(report.classes):
        values = np.array([by_class[name] for _, by_class in shown])
        axes.barh(range(len(shown)), values, left=left, height=0.7, label=name, color=_PALETTE[place % len(_PALETTE)])
        left += values
    axes.set_yticks(range(len(shown)), [name for name, _ in shown], fontsize=8)
    axes.set(xlabel="mean |SHAP value|, summed over classes", ylim=(len(shown) - 0.4, -0.6))
    axes.grid(True, axis="x")
    axes.legend(loc="lower right")
    return Plot("shap", "SHAP values", "What each feature adds to the log odds of each class, on average.", figure)


def leak_plot(report: ValidationReport) -> Plot | None:
    """Macro F1 of the small models."""
    found = report.leak
    if found is None:
        return None
    names = [one.name for one in found.views]
    figure = new_figure(_WIDTH_IN, 1.1 + 0.36 * len(names))
    axes = figure.add_subplot()
    for offset, colour, what, label in (
        (-0.17, GREY, "all_rows", "all rows"),
        (0.17, BLUE, "common_rows", f"{found.common_rows:,} rows with all common bands"),
    ):
        rated = [(place, one) for place, view in enumerate(found.views) if (one := getattr(view, what)) is not None]
        axes.barh(
            [place + offset for place, _ in rated], [one.macro_f1 for _, one in rated], 0.32, color=colour, label=label
        )
        for place, one in rated:
            axes.text(one.macro_f1 + 0.008, place + offset, f"{one.macro_f1:.3f}", va="center", fontsize=7)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="macro F1", xlim=(0, 1.06), ylim=(len(names) - 0.5, -0.5))
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    caption = (
        "Small models that see a part. What the mask alone reaches on all rows is owed to which surveys list a source; "
        "what common bands reach on rows that have them all is owed to what sources look like."
    )
    return Plot("leak", "What missing bands give away", caption, figure)


def _dots(
    axes: Axes, places: Sequence[float] | np.ndarray, shares: Sequence[Share], colour: str, label: str | None = None
) -> None:
    """Shares with their intervals, upright."""
    values = np.array([one.share or 0.0 for one in shares])
    bars = [
        [one.share - one.low for one in shares if one.share is not None],
        [one.high - (one.share or 0) for one in shares],
    ]
    axes.errorbar(places, values, yerr=np.abs(np.array(bars)), fmt="o", color=colour, markersize=5, lw=1.2, label=label)


def _lines(
    axes: Axes,
    names: Sequence[str],
    shares: Sequence[Share],
    colour: str,
    *,
    at: Sequence[float] | None = None,
    label: str = "",
) -> None:
    """Shares with their intervals, lying, one a line; those without rows are left out."""
    places = range(len(shares)) if at is None else at
    drawn = [(place, one, one.share) for place, one in zip(places, shares, strict=True) if one.share is not None]
    bars = np.abs(np.array([[share - one.low, one.high - share] for _, one, share in drawn])).reshape(-1, 2).T
    axes.errorbar(
        [share for *_, share in drawn], [place for place, *_ in drawn], xerr=bars, fmt="o", color=colour, markersize=5,
        lw=1.2, label=label or None,
    )  # fmt: skip
    if names:
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(True, axis="x")
