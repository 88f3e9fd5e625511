"""A validation in words."""

from __future__ import annotations

from skyband.models.validation.measures import Share
from skyband.models.validation.report import ValidationReport
from skyband.server.console import percent


def facts_of(report: ValidationReport) -> dict[str, str]:
    """The summary."""
    scores = report.scores
    facts = {
        "model": f"{report.model}: {', '.join(report.classes)}",
        "measured on": report.evidence,
        "accuracy": with_interval(report.accuracy),
        "macro F1": f"{scores.macro_f1:.4f}",
        "calibration error (ECE)": f"{scores.ece:.4f}",
        "log loss, Brier score": f"{scores.nll:.4f}, {scores.brier:.4f}",
    }
    if report.star_galaxy_auc is not None:
        facts["star/galaxy, area under the curve"] = f"{report.star_galaxy_auc:.4f}"
    for mixture in report.prevalence[1:]:
        facts[f"at {mixture.name} prevalence"] = (
            f"accuracy {percent(mixture.accuracy)}, macro F1 {mixture.macro_f1:.4f}, ECE {mixture.ece:.4f}"
        )
    if report.baselines:
        beaten = sum(one.is_beaten for one in report.baselines)
        facts["baselines beaten"] = f"{beaten} of {len(report.baselines)}"
    if report.leak is not None:
        facts["told by missing bands alone"] = f"{percent(report.leak.share)} of what all features tell (log loss)"
    return facts | {f"note {number}": text for number, text in enumerate(report.notes, 1)}


def with_interval(share: Share) -> str:
    """A share with its interval."""
    if share.share is None:
        return "no rows"
    return f"{percent(share.share)} ({percent(share.low)} to {percent(share.high)})"


def between(brightest: float | None, faintest: float | None) -> str:
    """A range of magnitudes."""
    if brightest is None and faintest is None:
        return "none"
    if brightest is None:
        return f"< {faintest:.2f}"
    return f">= {brightest:.2f}" if faintest is None else f"{brightest:.2f} to {faintest:.2f}"
