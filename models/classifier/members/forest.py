"""A random forest: scikit-learn's trees (Breiman 2001, doi:10.1023/A:1010933404324)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, Floats
from skyband.models.classifier.members.member import Task, probabilities
from skyband.models.classifier.members.trees import Trees

_SEGMENT = 10


@dataclass(frozen=True)
class Forest:
    """How a forest grows.

    Attributes:
        least_leaf: rows of a leaf at least.
        most_rows: that a batch of trees draws from; beyond, each batch draws from others.
        most_leaves: of a tree.
    """

    least_leaf: int = 2
    most_rows: int = 200_000
    most_leaves: int = 16_384
    name: str = "forest"
    suffix: str = ".npz"
    libraries: tuple[str, ...] = ("scikit-learn",)
    stops_early: bool = False
    sizes: tuple[int, ...] = (15, 30, 60, 100, 150, 300, 500)

    def row_seconds(self, rounds: int, features: int, classes: int, threads: int, processors: int) -> float:
        """Seconds a row takes in a training, roughly; trees grow by as many threads as there are."""
        return 5e-6 * rounds / processors

    def segment(self, rounds: int) -> int:
        """Trees that grow between two checkpoints."""
        return _SEGMENT

    def start(self, task: Task) -> ForestTraining:
        """Begin a training."""
        return ForestTraining(self, task)

    def load(self, data: bytes, features: int, classes: int) -> ForestMember:
        """The forest of bytes.

        Raises:
            BadFile: they are none, or the forest has other features or classes.
        """
        return ForestMember(Trees.load(data, features, classes))


class ForestMember:
    """A grown forest."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees

    def predict_proba(self, values: Floats) -> Doubles:
        """Probabilities, n x classes."""
        return self.trees.mean(values)

    def dump(self) -> bytes:
        """Arrays of the trees."""
        return self.trees.dump()


class ForestTraining:
    """Batches of trees, each with its own seed."""

    def __init__(self, how: Forest, task: Task) -> None:
        self._how = how
        self._task = task
        self._trees = Trees([], task.trained.values.shape[1], task.classes)
        self.rounds = 0

    def advance(self, rounds: int) -> None:
        """Grow some more trees, from rows of all classes."""
        from sklearn.ensemble import RandomForestClassifier

        task, rows = self._task, self._task.trained
        forest = RandomForestClassifier(
            rounds,
            min_samples_leaf=self._how.least_leaf,
            max_features="sqrt",
            max_leaf_nodes=self._how.most_leaves if len(rows) > self._how.most_leaves else None,
            n_jobs=task.processors,
            random_state=np.random.RandomState([task.seed % 2**32, self.rounds]),
        )
        values, codes, weights = task.draw(self._drawn(), self.rounds)
        forest.fit(values, codes, sample_weight=weights)
        self._trees += Trees([one.tree_ for one in forest.estimators_], self._trees.features, self._trees.outputs)
        self.rounds += rounds

    def watched_proba(self) -> Doubles:
        """Probabilities of the watched rows."""
        return probabilities(self.member(), self._task.watched.features(), self._task.processors)

    def member(self) -> ForestMember:
        """The forest as it is now."""
        return ForestMember(self._trees)

    def dump(self) -> bytes:
        """The trees."""
        return self._trees.dump()

    def restore(self, state: bytes) -> None:
        """Grow on beside these trees."""
        self._trees = Trees.load(state, self._trees.features, self._trees.outputs)
        self.rounds = len(self._trees)

    def _drawn(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Rows of the next batch of trees: all, or many and at least one of each class."""
        rows = self._task.trained
        if len(rows) <= self._how.most_rows:
            return np.arange(len(rows))
        random = np.random.default_rng([self._task.seed, self.rounds])
        drawn = random.choice(len(rows), self._how.most_rows, replace=False)
        _, first = np.unique(rows.codes, return_index=True)
        return np.union1d(drawn, first)
