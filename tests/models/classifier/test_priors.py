"""Priors: Bayes' rule, and the mixture of a sky found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyband.models.classifier.priors import estimated_prior, prior_shares, reweight
from skyband.schema.errors import BadOption

CLASSES = ("galaxy", "quasar", "star")
TRAINED = np.array([0.5, 0.2, 0.3])
SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(lambda some: np.array(some) / sum(some))


def test_priors_as_users_give_them() -> None:
    np.testing.assert_array_equal(prior_shares("train", CLASSES, TRAINED), TRAINED)
    np.testing.assert_allclose(prior_shares("uniform", CLASSES, TRAINED), [1 / 3] * 3)
    given = {"star": 6, "galaxy": 3, "quasar": 1}
    np.testing.assert_allclose(prior_shares(given, CLASSES, TRAINED), [0.3, 0.1, 0.6])
    with pytest.raises(BadOption, match="the prior has no share of quasar"):
        prior_shares({"star": 1, "galaxy": 1}, CLASSES, TRAINED)
    with pytest.raises(BadOption, match=r"names comet; the model's classes are galaxy, quasar, star"):
        prior_shares(given | {"comet": 1}, CLASSES, TRAINED)
    with pytest.raises(BadOption, match="must be positive"):
        prior_shares(given | {"quasar": 0}, CLASSES, TRAINED)
    with pytest.raises(BadOption, match="prior 'sky'"):
        prior_shares("sky", CLASSES, TRAINED)  # type: ignore[arg-type]


@given(likelihood=SHARES, before=SHARES, after=SHARES)
def test_reweighted_posteriors_are_those_of_bayes(
    likelihood: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> None:
    posterior = likelihood * before / (likelihood * before).sum()
    expected = likelihood * after / (likelihood * after).sum()
    found = reweight(posterior[None], before, after)
    np.testing.assert_allclose(found[0], expected)
    np.testing.assert_allclose(reweight(found, after, before)[0], posterior)


def test_the_mixture_of_a_sky_is_found_from_its_posteriors() -> None:
    random = np.random.default_rng(2)
    true = np.array([0.1, 0.05, 0.85])
    codes = random.choice(3, 20_000, p=true)
    observed = np.array([0.0, 2.0, 4.0])[codes] + random.normal(size=20_000)
    likelihood = np.exp(-0.5 * (observed[:, None] - [0.0, 2.0, 4.0]) ** 2)
    posterior = likelihood * TRAINED
    posterior /= posterior.sum(axis=1, keepdims=True)
    found = estimated_prior(posterior, TRAINED)
    np.testing.assert_allclose(found, true, atol=0.01)
    # It is where the likelihood of the observed is highest.
    best = np.log(likelihood @ found).sum()
    for other in (true, TRAINED, found + np.array([0.01, 0, -0.01]), found + np.array([0, 0.01, -0.01])):
        assert best >= np.log(likelihood @ other).sum() - 1e-3


def test_no_rows_have_no_mixture() -> None:
    with pytest.raises(BadOption, match="from no rows"):
        estimated_prior(np.empty((0, 3)), TRAINED)
