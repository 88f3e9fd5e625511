"""Priors: a training set is no fair sample of the sky."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers, listed
from skyband.schema.errors import BadOption, ResourceLimit

Prior = Mapping[str, float] | Literal["train", "uniform"]
"""Shares of classes where a model is used, or "train" (as in its training) or "uniform"."""

_EM_ROUNDS = 1_000
_EM_CHANGE = 1e-6


def read_prior(text: str) -> Prior:
    """A prior as people write it: train, uniform, or CLASS=SHARE,...

    Raises:
        BadOption: it is none of these.
    """
    if text == "train":
        return "train"
    if text == "uniform":
        return "uniform"
    shares = {}
    for part in text.split(","):
        name, equals, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals:
            raise BadOption(f"prior {text!r}: give train, uniform, or CLASS=SHARE,...")
    return shares


def prior_shares(prior: Prior, classes: Sequence[str], trained: Doubles) -> Doubles:
    """Share of each class.

    Args:
        prior: as the user gives it; numbers are scaled to sum 1.
        classes: of the model.
        trained: shares in its training.

    Raises:
        BadOption: a class is missing or unknown, or a share is no positive number.
    """
    if isinstance(prior, str):
        if prior == "train":
            return trained
        if prior == "uniform":
            return np.full(len(classes), 1 / len(classes))
        raise BadOption(f'prior {prior!r}: give "train", "uniform", or the share of each class')
    unknown = sorted(set(prior) - set(classes))
    missing = [name for name in classes if name not in prior]
    if unknown or missing:
        raise BadOption(
            f"the prior has no share of {listed(missing)}" if missing else
            f"the prior names {listed(unknown)}; the model's classes are {', '.join(classes)}"
        )  # fmt: skip
    shares = np.array([float(prior[name]) for name in classes])
    if not (np.isfinite(shares) & (shares > 0)).all():
        raise BadOption("shares of a prior must be positive numbers; take a small one for what is rare")
    return np.asarray(shares / shares.sum())


def reweight(probabilities: Doubles, before: Doubles, after: Doubles) -> Doubles:
    """Posterior probabilities under another prior, by Bayes' rule.

    Args:
        probabilities: n x classes, under the prior `before`.
        before: shares of the classes.
        after: other shares of them.
    """
    found = probabilities * (after / before)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def rows_as_common(prior: Doubles, codes: Integers) -> Doubles:
    """Weights of rows as if the classes were as common as a prior says: those of a class sum up to its share.

    Args:
        prior: share of each class.
        codes: class of each row, shape (n,).
    """
    counts = np.bincount(codes, minlength=len(prior))
    return np.asarray((prior / np.maximum(counts, 1))[codes])


def estimated_prior(probabilities: Doubles, trained: Doubles) -> Doubles:
    """Shares of the classes in unlabelled rows, of most likelihood given their posteriors.

    Expectation maximisation of Saerens, Latinne & Decaestecker 2002 (Neural Computation 14, 21). It trusts the
    probabilities: they should be calibrated, and the classes look as they did in the training.

    Args:
        probabilities: n x classes, under the prior of the training.
        trained: shares of the classes in the training.

    Raises:
        BadOption: there are no rows.
        ResourceLimit: it has not settled after 1000 rounds.
    """
    if not len(probabilities):
        raise BadOption("a prior cannot be estimated from no rows")
    shares = trained
    for _ in range(_EM_ROUNDS):
        found = reweight(probabilities, trained, shares).mean(axis=0)
        # A class no row speaks for goes to 0, from where nothing returns; it stays possible.
        found = np.maximum(found, 1e-12)
        if np.abs(found - shares).max() < _EM_CHANGE:
            return np.asarray(found / found.sum())
        shares = found / found.sum()
    raise ResourceLimit(f"the estimate of the prior did not settle in {_EM_ROUNDS} rounds; give the prior instead")
