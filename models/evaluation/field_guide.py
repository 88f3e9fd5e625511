"""An encoder on pictures that experts have labelled: answers to the questions of Galaxy Zoo."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from skyband.models.encoders.crop import Picture
from skyband.models.encoders.embedded import EmbeddedEncoder
from skyband.models.encoders.encoder import Encoder, Vectors, encode
from skyband.models.evaluation.neighbours import (
    Accuracy,
    Bools,
    accuracy,
    area_under_curve,
    finds_original,
    precision_at,
    same_group_share,
)
from skyband.queries.images import decode
from skyband.schema.errors import BadFile, BadImage

_BATCH = 64


@dataclass(frozen=True)
class Example:
    """A picture with its survey and the (question, answer) that hold for it."""

    picture: Picture
    survey: str
    answers: frozenset[tuple[str, str]]

    def says(self, question: str, *answers: str) -> bool:
        """Whether a question that holds these words has one of the answers; any, if none is given."""
        return any(question in asked and (not answers or answer in answers) for asked, answer in self.answers)


@dataclass(frozen=True)
class Retrieval:
    """How well examples of a feature find each other.

    Attributes:
        name: of the feature.
        positives, n: examples with it, and all that were asked about it.
        precision_at_10: mean share of positives among the 10 nearest others of a positive.
        lift: that over the share among all.
        zero_shot_auc: of the network's own head, which knows no real label; NaN for other encoders.
        balanced: accuracy of 5 nearest neighbours.
    """

    name: str
    positives: int
    n: int
    precision_at_10: float
    lift: float
    zero_shot_auc: float
    balanced: Accuracy


@dataclass(frozen=True)
class FieldGuideFigures:
    """Figures of merit on labelled real pictures.

    Attributes:
        n: pictures.
        smooth_or_spiral: 5 nearest neighbours, leave one out.
        same_survey, same_survey_by_chance: share of nearest neighbours of the same survey.
        found_turned_90, found_turned_37: share of copies turned by so many degrees whose nearest is their original.
        zero_shot_auc: of spiral against smooth by the network's heads; NaN for other encoders.
        retrievals: edge-on, merger and bar.
    """

    n: int
    smooth_or_spiral: Accuracy
    same_survey: float
    same_survey_by_chance: float
    found_turned_90: float
    found_turned_37: float
    zero_shot_auc: float
    retrievals: Sequence[Retrieval]


def read_examples(folder: Path, labels: Path) -> list[Example]:
    """Examples of a folder of pictures and a CSV file of (image_id, survey, question, answer).

    Raises:
        BadFile: there is no such file or picture.
    """
    answers: dict[str, set[tuple[str, str]]] = {}
    surveys: dict[str, str] = {}
    try:
        with labels.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                answers.setdefault(row["image_id"], set()).add((row["question"], row["answer"]))
                surveys[row["image_id"]] = row["survey"]
        return [
            Example(decode((folder / f"{name}.jpg").read_bytes()), surveys[name], frozenset(answers[name]))
            for name in sorted(answers)
        ]
    except (OSError, KeyError, BadImage) as error:
        raise BadFile(f"cannot read labelled examples from {labels}: {error}") from None


def field_guide_figures(encoder: Encoder, examples: Sequence[Example]) -> FieldGuideFigures:
    """All figures of merit of an encoder on examples."""
    vectors = _encode(encoder, examples, lambda image: image)
    smooth, spiral = _marked(examples, _is_smooth), _marked(examples, _is_spiral)
    asked = smooth != spiral
    judged = _judge(encoder, examples)
    features = {
        "edge_on": ("edge-on", "Yes", "No"),
        "merger": ("merging or is there any sign", ("Merging", "Both"), ("Neither", "Tidal debris")),
        "bar": ("sign of a bar", "Bar", "No bar"),
    }
    retrievals = []
    for name, (question, yes, no) in features.items():
        has = _marked(examples, lambda one, q=question, a=yes: one.says(q, *_several(a)))  # type: ignore[misc]
        lacks = _marked(examples, lambda one, q=question, a=no: one.says(q, *_several(a)))  # type: ignore[misc]
        known = has | lacks
        retrievals.append(
            Retrieval(
                name=name,
                positives=int(has.sum()),
                n=int(known.sum()),
                precision_at_10=precision_at(vectors[known], has[known])[0],
                lift=precision_at(vectors[known], has[known])[1],
                zero_shot_auc=_auc(judged, name, None, has, known),
                balanced=accuracy(vectors[known], has[known]),
            )
        )
    same, chance = same_group_share(vectors, np.array([one.survey for one in examples]))
    turned = {
        degrees: finds_original(
            vectors,
            _encode(encoder, examples, lambda image, by=degrees: image.rotate(by, Image.Resampling.BICUBIC)),  # type: ignore[misc]
        )
        for degrees in (90, 37)
    }
    return FieldGuideFigures(
        n=len(examples),
        smooth_or_spiral=accuracy(vectors[asked], spiral[asked]),
        same_survey=same,
        same_survey_by_chance=chance,
        found_turned_90=turned[90],
        found_turned_37=turned[37],
        zero_shot_auc=_auc(judged, "spiral", "smooth", spiral, asked),
        retrievals=retrievals,
    )


def _is_smooth(example: Example) -> bool:
    return example.says("simply smooth", "Smooth") or example.says("How rounded")


def _is_spiral(example: Example) -> bool:
    return (
        example.says("sign of a spiral arm pattern", "Spiral")
        or example.says("How tightly wound")
        or example.says("How many spiral arms")
    )


def _several(answers: str | tuple[str, ...]) -> tuple[str, ...]:
    return (answers,) if isinstance(answers, str) else answers


def _marked(examples: Sequence[Example], holds: Callable[[Example], bool]) -> Bools:
    return np.array([holds(example) for example in examples], dtype=bool)


def _batches(examples: Sequence[Example], change: Callable[[Image.Image], Image.Image]) -> list[list[Picture]]:
    changed = [np.asarray(change(Image.fromarray(one.picture))) for one in examples]
    return [changed[first : first + _BATCH] for first in range(0, len(changed), _BATCH)]


def _encode(encoder: Encoder, examples: Sequence[Example], change: Callable[[Image.Image], Image.Image]) -> Vectors:
    return np.concatenate([encode(encoder, batch) for batch in _batches(examples, change)])


def _judge(encoder: Encoder, examples: Sequence[Example]) -> dict[str, NDArray[np.float32]] | None:
    if not isinstance(encoder, EmbeddedEncoder):
        return None
    said = [
        encoder.judge(torch.stack([encoder.prepare(picture) for picture in batch]))
        for batch in _batches(examples, lambda image: image)
    ]
    return {name: torch.cat([one[name] for one in said]).numpy() for name in said[0]}


def _auc(
    judged: dict[str, NDArray[np.float32]] | None, name: str, against: str | None, is_true: Bools, rows: Bools
) -> float:
    if judged is None:
        return float("nan")
    score = judged[name][:, 0].astype(np.float64)
    if against is not None:
        score = score - judged[against][:, 0]
    return area_under_curve(score[rows], is_true[rows])
