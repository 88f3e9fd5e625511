"""The kinds of members there are: our own, and those of other packages."""

from __future__ import annotations

import gc
from importlib.metadata import entry_points

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.members.forest import Forest
from skyband.models.classifier.members.member import Learner
from skyband.schema.errors import BadOption
from skyband.schema.faults import first_line

GROUP = "skyband.learners"
"""Group of entry points: each names what gives a `Learner` when it is called without arguments."""


def own_learners() -> tuple[Learner, ...]:
    """XGBoost, a random forest and a neural network."""
    # Libraries make many objects that all stay: looking for garbage among them is a fifth of the time they take.
    collects = gc.isenabled()
    gc.disable()
    try:
        import sklearn.tree  # noqa: F401

        from skyband.models.classifier.members.network import Network
    finally:
        if collects:
            gc.enable()
    return Boosting(), Forest(), Network()


def all_learners() -> tuple[Learner, ...]:
    """Our own and those that installed packages bring, by their names.

    Raises:
        BadOption: one of them cannot be loaded.
    """
    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            learner: Learner = point.load()()
        except Exception as error:  # whatever another package raises
            what = f"the learner {point.name} ({point.value}) cannot be loaded"
            raise BadOption(f"{what}: {first_line(error)}") from error
        found.append(learner)
    return (*own_learners(), *found)
