"""The model card: what an encoder is and how good it is, with every figure measured."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from skyband.models.evaluation.field_guide import FieldGuideFigures
from skyband.models.evaluation.neighbours import Accuracy
from skyband.models.evaluation.simulated import SimulatedFigures
from skyband.queries.likeness.provenance import Provenance


def model_card(
    provenance: Provenance,
    simulated: SimulatedFigures,
    real: FieldGuideFigures | None,
    *,
    size_bytes: int,
    parameters: int,
    recipe: str,
) -> str:
    """The card as Markdown.

    Args:
        provenance: of the encoder.
        simulated: figures on simulated galaxies.
        real: figures on labelled real pictures, if there were any.
        size_bytes: of the file of weights.
        parameters: of the network.
        recipe: of its training.
    """
    rows = [
        ("vector", f"{provenance.dimensions} numbers of length 1, mean of {provenance.views} views"),
        (
            "weights",
            f"{size_bytes / 1e6:.1f} MB (float16), {parameters:,} parameters, sha256 {provenance.weights_sha256}",
        ),
        ("pictures", provenance.preprocessing),
        ("training", recipe),
    ]
    parts = [
        files("skyband.models.evaluation").joinpath("card.md").read_text(encoding="utf-8").strip(),
        "## What it is",
        _table(("", ""), rows),
    ]
    if real is not None:
        parts += [f"## On {real.n} labelled pictures of eight surveys", _real(real)]
    parts += [
        f"## On {simulated.n:,} simulated galaxies that it has not seen",
        _table(
            (f"mean of {simulated.k} nearest", "R2"),
            [
                ("share of smooth votes", f"{simulated.smooth_r2:.2f}"),
                ("cosine of inclination of disks", f"{simulated.inclination_r2:.2f}"),
                ("share of bar votes of disks", f"{simulated.bar_r2:.2f}"),
                ("number of arms of spirals", f"{simulated.arms_r2:.2f}"),
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _real(real: FieldGuideFigures) -> str:
    measures = [
        ("smooth or spiral, 5 nearest neighbours, leave one out: right", f"{real.smooth_or_spiral.plain:.3f}"),
        ("the same, mean of both classes", _interval(real.smooth_or_spiral)),
        ("spiral against smooth without any real label: area under the curve", f"{real.zero_shot_auc:.3f}"),
        (
            "nearest neighbour is of the same survey (by chance)",
            f"{real.same_survey:.3f} ({real.same_survey_by_chance:.3f})",
        ),
        ("copy turned by 90 degrees finds its original", f"{real.found_turned_90:.3f}"),
        ("copy turned by 37 degrees finds its original", f"{real.found_turned_37:.3f}"),
    ]
    features = [
        (
            one.name.replace("_", "-"),
            f"{one.positives} of {one.n}",
            f"{one.precision_at_10:.2f}",
            f"{one.lift:.2f}",
            f"{one.zero_shot_auc:.2f}",
            _interval(one.balanced),
        )
        for one in real.retrievals
    ]
    header = ("feature", "pictures", "precision@10", "lift", "area under the curve, no label", "5 neighbours, balanced")
    return "\n\n".join((_table(("", ""), measures), _table(header, features)))


def _interval(found: Accuracy) -> str:
    return f"{found.balanced:.3f} ({found.low:.3f} to {found.high:.3f}, n = {found.n})"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
