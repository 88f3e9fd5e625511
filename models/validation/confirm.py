"""What spectra say of what a model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.kinds import class_named, classes_of, kind_of
from skyband.models.validation.measures import Said, Share
from skyband.schema.errors import BadOption

_CUTS = (0.0, 0.5, 0.9, 0.99)


@dataclass(frozen=True)
class Confirmed:
    """Rows whose spectra are of one class.

    Attributes:
        word: the class as the spectra have it.
        means: classes of the model that agree with it: the one it names, or all kinds of star for a "STAR".
        found: share of these rows that the model calls one of them.
    """

    word: str
    means: tuple[str, ...]
    found: Share


@dataclass(frozen=True)
class Confirmation:
    """Rows with spectra.

    Attributes:
        rows: with a word that means something to the model.
        agree: share of them where it agrees with the spectrum, by the least probability of its class.
        by_word: of each class of spectra.
        by_class: of what the model calls a class, the share that spectra confirm.
        not_understood: words that name no class of the model, with their rows.
    """

    rows: int
    agree: dict[str, Share]
    by_word: list[Confirmed]
    by_class: dict[str, Share]
    not_understood: dict[str, int]


def confirmation(said: Said, words: NDArray[Any], classes: Sequence[str]) -> Confirmation:
    """Compare classes with those of spectra.

    Args:
        said: of n rows; their true classes have no part in it.
        words: spectroscopic class of each row, "" where there is none.
        classes: of the model.

    Raises:
        BadOption: no word means a class of the model.
    """
    means = {word: _meant(classes, word) for word in sorted(set(words.tolist()) - {""})}
    known = np.array([bool(means.get(word, ())) for word in words])
    if not known.any():
        raise BadOption(
            f"no spectroscopic class is one of the model's ({', '.join(classes)}); there are: "
            f"{', '.join(sorted(means)[:8]) or 'none'}"
        )
    called = said.called[known]
    sure = said.probabilities[known].max(axis=1)
    agrees = np.array([code in means[word] for code, word in zip(called.tolist(), words[known], strict=True)])
    unknown = Counter(word for word in words.tolist() if word and not means[word])
    return Confirmation(
        rows=int(known.sum()),
        agree={f"{cut:g}": Share.that(agrees[sure >= cut]) for cut in _CUTS},
        by_word=[
            Confirmed(word, tuple(classes[code] for code in codes), Share.that(agrees[words[known] == word]))
            for word, codes in means.items()
            if codes
        ],
        by_class={name: Share.that(agrees[called == code]) for code, name in enumerate(classes)},
        not_understood=dict(unknown.most_common()),
    )


def _meant(classes: Sequence[str], word: str) -> tuple[int, ...]:
    """Places of the classes a word means."""
    if kind_of(word) == "star":
        # A spectrum's "STAR" says nothing of dwarf or giant.
        return tuple(np.flatnonzero(classes_of(classes, "star")).tolist())
    found = class_named(classes, word)
    return () if found is None else (found,)
