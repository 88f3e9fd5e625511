"""Votes made one: by hand where they are few, and no worse than the best of what was tried."""

from __future__ import annotations

import numpy as np
import pytest

from skyband.models.classifier.combination import Combination, Votes, choose_combination
from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.temperature import softmax, tempered

OF = np.array([0, 1, 1])
NO_LEVEL = np.empty((0, 3_000, 1))
FOLD = np.arange(3_000) % 3


def drawn(seed: int, noise: float = 1.0, rows: int = 3_000) -> tuple[Votes, np.ndarray]:
    """A good member, a useless one, and a coarse one that is better than both."""
    random = np.random.default_rng(seed)
    codes = random.choice(3, rows, p=[0.5, 0.4, 0.1])
    true = np.eye(3)[codes]
    good = softmax(1.5 * true + noise * random.normal(size=(rows, 3)))
    useless = random.dirichlet([1, 1, 1], rows)
    coarse = softmax(4.0 * np.eye(2)[OF[codes]] + random.normal(size=(rows, 2)))
    return Votes(np.stack([good, useless]), coarse[None], OF), codes


def test_the_mean_of_members_by_hand() -> None:
    fine = np.array([[[0.5, 0.3, 0.2]], [[0.1, 0.6, 0.3]]])
    coarse = np.array([[[0.9, 0.1]]])
    votes = Votes(fine, coarse, OF)
    np.testing.assert_allclose(votes.mean(levels=False), [[0.3, 0.45, 0.25]])
    # The first coarse class: (0.5 + 0.1 + 0.9) / 3; the other 0.5 is parted 0.45 : 0.25.
    np.testing.assert_allclose(votes.mean(levels=True), [[0.5, 0.5 * 0.45 / 0.7, 0.5 * 0.25 / 0.7]])
    np.testing.assert_allclose(votes.logs(levels=True), np.log([[0.5, 0.3, 0.2, 0.1, 0.6, 0.3, 0.9, 0.1]]))


def test_a_stack_learns_whom_to_believe_and_levels_help_where_they_know_more() -> None:
    votes, codes = drawn(1)
    choice = choose_combination(votes, codes, FOLD, None, None)
    losses = choice.log_losses
    assert set(losses) == {"vote", "vote with levels", "stack", "stack with levels"}
    assert choice.combination.name == "stack with levels" == min(losses, key=lambda name: losses[name])
    assert losses["stack with levels"] < losses["stack"] < losses["vote"]
    assert log_loss(choice.probabilities, codes) == pytest.approx(losses["stack with levels"])
    fresh, fresh_codes = drawn(2)
    assert log_loss(choice.combination.apply(fresh, None), fresh_codes) == pytest.approx(
        losses["stack with levels"], abs=0.05
    )
    again = Combination.from_json(choice.combination.to_json())
    np.testing.assert_array_equal(again.apply(fresh, None), choice.combination.apply(fresh, None))


def test_what_is_measured_in_a_fold_was_fitted_on_the_others() -> None:
    votes, codes = drawn(1)
    before = choose_combination(votes, codes, FOLD, None, None)
    changed = codes.copy()
    some = np.flatnonzero(FOLD == 0)[:60]
    changed[some] = (codes[some] + 1) % 3
    after = choose_combination(votes, changed, FOLD, None, None)
    assert after.combination.name == before.combination.name
    same = (after.probabilities == before.probabilities).all(axis=1)
    assert same.tolist() == (FOLD == 0).tolist()


def test_equal_members_vote() -> None:
    random = np.random.default_rng(3)
    codes = random.choice(3, 600)
    fine = np.stack([softmax(1.5 * np.eye(3)[codes] + random.normal(size=(600, 3))) for _ in range(4)])
    votes = Votes(fine, NO_LEVEL[:, :600], np.arange(3))
    choice = choose_combination(votes, codes, FOLD[:600], None, np.linspace(15, 22, 600))
    assert set(choice.log_losses) == {"vote", "vote by magnitude", "stack", "stack by magnitude"}
    name = choice.combination.name
    assert choice.log_losses[name] == min(choice.log_losses.values())


def test_two_classes_are_stacked_too() -> None:
    random = np.random.default_rng(5)
    codes = random.choice(2, 3_000, p=[0.8, 0.2])
    true = softmax(2.0 * np.eye(2)[codes] + random.normal(size=(3_000, 2)) + [0.7, -0.7])
    votes = Votes(np.stack([tempered(true, 0.4), random.dirichlet([1, 1], 3_000)]), NO_LEVEL, np.arange(2))
    choice = choose_combination(votes, codes, FOLD, None, None)
    assert choice.combination.kind == "stack"
    assert choice.log_losses["stack"] < choice.log_losses["vote"]
    np.testing.assert_allclose(choice.probabilities.mean(axis=0), [0.8, 0.2], atol=0.02)


def test_weights_count_rows_as_often() -> None:
    votes, codes = drawn(4, rows=900)
    weights = np.random.default_rng(1).integers(1, 4, 900)
    repeated = np.repeat(np.arange(900), weights)
    one = choose_combination(votes, codes, FOLD[:900], weights.astype(float), None)
    other = choose_combination(votes.rows(repeated), codes[repeated], FOLD[:900][repeated], None, None)
    for name, loss in one.log_losses.items():
        assert loss == pytest.approx(other.log_losses[name], rel=1e-3)
