"""A validation in tables, for a terminal as for a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skyband.models.validation.leak import Rating
from skyband.models.validation.measures import Figures
from skyband.models.validation.report import ValidationReport
from skyband.server.console import percent
from skyband.server.validation.words import between, with_interval

_FEATURES = 15
"""Features listed at most."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of the report: its columns, those that hold numbers, and what is said of it."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: tuple[int, ...]
    about: str
    is_detail: bool = False  # left to the page


def sheets_of(report: ValidationReport) -> list[Sheet]:
    """All tables there are."""
    return [sheet for sheet in _sheets(report) if sheet.rows]


def _figures(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.accuracy.rows:,}", with_interval(figures.accuracy), f"{figures.macro_f1:.3f}",
        percent(figures.confidence), f"{figures.ece:.3f}",
    )  # fmt: skip


_FIGURES = ("rows", "accuracy", "macro F1", "mean confidence", "ECE")


def _sheets(report: ValidationReport) -> Iterator[Sheet]:
    yield from _of_classes(report)
    mixtures = report.prevalence
    yield Sheet(
        "Prevalence",
        ("classes as common as", "accuracy", "macro F1", "ECE"),
        [(one.name, percent(one.accuracy), f"{one.macro_f1:.3f}", f"{one.ece:.3f}") for one in mixtures],
        (1, 2, 3),
        "Each with the model told so. " + " ".join(f"{one.name}: {one.source}." for one in mixtures[1:]),
    )
    yield Sheet(
        "Precision and recall at these prevalences",
        ("class", "as common as", "share", "precision", "recall", "F1"),
        [
            (
                name if one is mixtures[0] else "",
                one.name,
                percent(own.prior),
                percent(own.precision),
                percent(own.recall),
                f"{own.f1:.3f}",
            )
            for name in mixtures[0].by_class
            for one in mixtures
            for own in (one.by_class[name],)
        ],
        (2, 3, 4, 5),
        "What is rare on the sky is called with less precision there than a balanced set suggests.",
        is_detail=True,
    )
    yield Sheet(
        "By magnitude",
        ("magnitude", *_FIGURES),
        [(between(one.brightest, one.faintest), *_figures(one.figures)) for one in report.by_magnitude],
        (1, 2, 3, 4, 5),
        "Bins with equally many rows; mean confidence should equal accuracy.",
    )
    yield from _of_faintest(report)
    yield Sheet(
        "By missing bands",
        ("seen in", *_FIGURES, "classes"),
        [
            (
                ", ".join(one.has) or "nothing",
                *_figures(one.figures),
                ", ".join(f"{name} {rows:,}" for name, rows in sorted(one.classes.items(), key=lambda item: -item[1])),
            )
            for one in report.patterns
        ],
        (1, 2, 3, 4, 5),
        "Patterns of what has seen a row, the most frequent first.",
    )
    yield from _of_places(report)
    yield from _of_coverage(report)
    yield from _of_confirmation(report)
    yield Sheet(
        "Baselines",
        ("cut", "finds", "rows", "by", "precision", "recall", "F1", "beaten"),
        [
            (*what, by, with_interval(rated.precision), with_interval(rated.recall), f"{rated.f1:.3f}", word)
            for one in report.baselines
            for what, by, rated, word in (
                ((one.name, one.finds, f"{one.rows:,}"), "cut", one.cut, ""),
                (("", "", ""), "model", one.model, "yes" if one.is_beaten else "NO"),
            )
        ],
        (2, 4, 5, 6),
        "The cut and the model on the rows where the cut can be made. "
        + " ".join(f"{one.name}: {one.source}." for one in report.baselines),
    )  # fmt: skip
    yield from _of_importances(report)
    yield from _of_leak(report)


def _of_classes(report: ValidationReport) -> Iterator[Sheet]:
    header = ("class", "rows", "precision", "recall", "F1", "taken for")
    rows = {
        one.name: (
            one.name, f"{one.recall.rows:,}", with_interval(one.precision), with_interval(one.recall),
            f"{one.f1:.3f}", ", ".join(f"{name} {count:,}" for name, count in list(one.taken_for.items())[:3]),
        )
        for one in report.by_class
    }  # fmt: skip
    yield Sheet("Classes", header, list(rows.values()), (1, 2, 3, 4), "Intervals are Wilson's, 95 %.")
    rare = [rows[one.name] for one in report.by_class if one.is_rare]
    yield Sheet(
        "Rare classes",
        header,
        rare,
        (1, 2, 3, 4),
        "Classes of less than 5 % of the rows or 100 rows; the intervals say how little so few rows can prove.",
    )


def _of_faintest(report: ValidationReport) -> Iterator[Sheet]:
    rows = []
    if report.faintest is not None:
        limit = f"{report.faintest.from_magnitude:.2f}"
        rows += [
            (f"the model, fainter than {limit}", *_figures(report.faintest.faint)),
            ("the model, brighter", *_figures(report.faintest.others)),
        ]
    if report.beyond is not None:
        rows += [
            ("small model of brighter rows alone, on the faintest", *_figures(report.beyond.of_brighter)),
            ("small model of as many rows of all magnitudes, on the same", *_figures(report.beyond.of_all)),
        ]
    about = "The faintest tenth of the rows."
    if report.beyond is not None:
        about += " The small models say what becomes of sources fainter than all that was learnt from."
    yield Sheet("The faintest objects", ("rows", *_FIGURES), rows, (1, 2, 3, 4, 5), about)


def _of_places(report: ValidationReport) -> Iterator[Sheet]:
    order = report.folds[0].order
    yield Sheet(
        "Held-out sky",
        ("fold", "pixels", *_FIGURES),
        [(str(one.fold + 1), f"{len(one.pixels):,}", *_figures(one.figures)) for one in report.folds],
        (1, 2, 3, 4, 5, 6),
        f"Whole HEALPix pixels of order {order} (NESTED): no row of a pixel was learnt from where another of it was "
        "measured. --json lists them."
        if not report.is_held_out
        else f"Groups of HEALPix pixels of order {order} (NESTED); --json lists them.",
        is_detail=True,
    )
    worst = sorted(report.areas, key=lambda one: one.figures.accuracy.share or 0)[:5]
    yield Sheet(
        "The worst areas",
        ("pixel", "ra", "dec", *_FIGURES),
        [(f"{one.order}/{one.pixel}", f"{one.ra:.1f}", f"{one.dec:+.1f}", *_figures(one.figures)) for one in worst],
        tuple(range(1, 8)),
        f"Of {len(report.areas)} HEALPix pixels (order/number, NESTED; centre in degrees) with 30 rows or more.",
        is_detail=True,
    )


def _of_coverage(report: ValidationReport) -> Iterator[Sheet]:
    found = report.coverage
    cells = [
        (f"{name}, magnitude {between(one.brightest, one.faintest)}", one.covered)
        for name, bins in found.by_class_and_magnitude.items()
        for one in bins
        if one.covered.high < found.promised
    ]
    yield Sheet(
        "Conformal sets",
        ("rows", "number", "sets that hold the true class"),
        [
            *((name, f"{one.rows:,}", with_interval(one)) for name, one in found.by_class.items()),
            *(
                (
                    f"magnitude {between(one.brightest, one.faintest)}",
                    f"{one.covered.rows:,}",
                    with_interval(one.covered),
                )
                for one in found.by_magnitude
            ),
        ],
        (1, 2),
        f"Promised: {percent(found.promised)} of each class. A set has {found.mean_classes:.2f} classes on average; "
        f"{percent(found.single)} have one, {percent(found.empty)} none.",
    )
    yield Sheet(
        "Where conformal sets fail",
        ("rows", "number", "sets that hold the true class"),
        [
            (name, f"{one.rows:,}", with_interval(one))
            for name, one in sorted(cells, key=lambda cell: cell[1].share or 0)
        ],
        (1, 2),
        f"Bins of a class and magnitude whose interval lies below the promised {percent(found.promised)}.",
    )


def _of_confirmation(report: ValidationReport) -> Iterator[Sheet]:
    found = report.confirmation
    if found is None:
        return
    unknown = ", ".join(f"{word} ({rows:,})" for word, rows in list(found.not_understood.items())[:6])
    yield Sheet(
        "Spectroscopic confirmation",
        ("rows", "number", "model and spectrum agree"),
        [
            *(
                (f"probability of {cut} or more", f"{one.rows:,}", with_interval(one))
                for cut, one in found.agree.items()
            ),
            *((f"spectrum: {one.word}", f"{one.found.rows:,}", with_interval(one.found)) for one in found.by_word),
            *((f"model: {name}", f"{one.rows:,}", with_interval(one)) for name, one in found.by_class.items()),
        ],
        (1, 2),
        f"{found.rows:,} rows have a spectroscopic class." + (f" Not understood: {unknown}." if unknown else ""),
    )


def _of_importances(report: ValidationReport) -> Iterator[Sheet]:
    found = report.importances
    if found is None:
        return
    yield Sheet(
        "Importances",
        ("in disorder", "log loss rises by", "accuracy falls by"),
        [
            *((f"all of {one.name}", f"{one.log_loss:+.4f}", f"{one.accuracy:+.4f}") for one in found.groups),
            *((one.name, f"{one.log_loss:+.4f}", f"{one.accuracy:+.4f}") for one in found.features[:_FEATURES]),
        ],
        (1, 2),
        f"By {found.by} ({found.rows:,} rows). Features that say the same stand in for each other.",
        is_detail=True,
    )
    yield Sheet(
        "SHAP values",
        ("feature", "all classes", *report.classes),
        [
            (name, f"{sum(values.values()):.3f}", *(f"{values[one]:.3f}" for one in report.classes))
            for name, values in list(found.shap.items())[:_FEATURES]
        ],
        tuple(range(1, 2 + len(report.classes))),
        "Mean absolute contribution to the log odds by the boosted trees of the model.",
        is_detail=True,
    )


def _of_leak(report: ValidationReport) -> Iterator[Sheet]:
    found = report.leak
    if found is None:
        return

    def rated(one: Rating | None) -> tuple[str, ...]:
        return ("", "", "") if one is None else (f"{one.accuracy:.4f}", f"{one.macro_f1:.4f}", f"{one.log_loss:.4f}")

    about = (
        f"Small models in three folds of {found.rows:,} rows ({found.seconds:.0f} s). Which bands are missing tells "
        f"{percent(found.share)} of what all features tell. Of rows that the same surveys looked at this is no fault: "
        "what is not seen is faint. Of labelled sets that came with bands of their own it is worth nothing elsewhere. "
    )
    if found.common_rows:
        about += (
            f"Honest in any case, if too modest for rows with more bands: the model of common bands on the "
            f"{found.common_rows:,} rows that have all of {', '.join(found.common)}."
        )
        if found.left_out:
            about += f" Left out, for they share too few bands: {', '.join(found.left_out)}."
    else:
        about += "No honest figure can be given: the classes share no two bands that their rows have."
    yield Sheet(
        "What missing bands give away",
        ("model of", "features", "accuracy", "macro F1", "log loss", "common rows: accuracy", "macro F1", "log loss"),
        [
            ("nothing but how common classes are", "0", *rated(found.chance), "", "", ""),
            *((one.name, f"{one.features}", *rated(one.all_rows), *rated(one.common_rows)) for one in found.views),
        ],
        tuple(range(1, 8)),
        about,
    )
