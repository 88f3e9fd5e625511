"""A trained classifier: what sources are, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from skyband.models.classifier.combination import Combination, Votes
from skyband.models.classifier.conformal import ConformalSets
from skyband.models.classifier.decision import Decision
from skyband.models.classifier.kept import KEPT, OutOfFold
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Flags, Floats, Integers, blocks, listed
from skyband.models.classifier.members.known import all_learners, own_learners
from skyband.models.classifier.members.member import Learner, Member
from skyband.models.classifier.priors import Prior, estimated_prior, prior_shares, reweight, rows_as_common
from skyband.models.classifier.run import read_files
from skyband.models.classifier.safety import Safety
from skyband.schema.errors import BadFile
from skyband.schema.processors import in_order, processors


def member_file(level: str, learner: Learner) -> str:
    """Name of a member's file in the folder of its model."""
    return f"members/{level}-{learner.name}{learner.suffix}"


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of n rows.

    Attributes:
        classes: names.
        probabilities: n x classes, under `prior`.
        prior: share of each class that was assumed.
        members: probabilities by each member, under the prior of the training, members x n x classes.
        called: class of each row, the likeliest or in doubt a rarer one (`Decision`), index into `classes`.
        entropy: of the probabilities, 0 (sure) to 1 (all classes alike).
        disagreement: Jensen-Shannon divergence of the members, 0 (of one mind) to 1.
        sets: whether each class is in the conformal set, n x classes; no prior changes them.
        safety: index into `safety.SAFETY`.
    """

    classes: tuple[str, ...]
    probabilities: Doubles
    prior: Doubles
    members: Floats
    called: Integers
    entropy: Doubles
    disagreement: Doubles
    sets: Flags
    safety: Integers


class Classifier:
    """A model of `train`.

    Attributes:
        manifest: features, classes, seeds, versions, metrics and seconds of the training.
        classes: names.
        features: names.
        decision: which class a row is called under the prior of the training.
    """

    def __init__(
        self,
        manifest: dict[str, Any],
        ensemble: dict[str, Any],
        fine: dict[str, Member],
        coarse: dict[str, Member],
        safety: Safety,
        kept: bytes | None,
    ) -> None:
        self.manifest = manifest
        self.classes: tuple[str, ...] = tuple(manifest["classes"])
        self.features: tuple[str, ...] = tuple(manifest["features"])
        self._fine = fine
        self._coarse = coarse
        self._safety = safety
        self._kept = kept
        self._decisions: dict[bytes, Decision] = {}
        self._combination = Combination.from_json(ensemble["combination"])
        self._conformal = ConformalSets.from_json(ensemble["conformal"])
        self._class_weights = {name: np.array(some, float) for name, some in ensemble["class_weights"].items()}
        self._of = np.array(ensemble["coarse_of"], np.int64)
        self.shares: Doubles = np.array(ensemble["shares"], float)
        self.decision = Decision(float(ensemble["tilt"]))
        self._check()

    @classmethod
    def load(cls, folder: Path, *, learners: Sequence[Learner] | None = None) -> Classifier:
        """The model in a folder.

        Its files hold numbers alone, and what could lead a reader astray is checked; XGBoost reads its own format, so
        take models from people you trust.

        Args:
            folder: of `train`.
            learners: kinds of members the model was trained with, if not our own and those of installed packages.

        Raises:
            BadFile: there is no model, a file of it is damaged, or it has members of other kinds.
        """
        manifest, files = read_files(folder)
        kinds = set(manifest.get("members", {}))
        known = {learner.name: learner for learner in (own_learners() if learners is None else learners)}
        if learners is None and kinds - set(known):
            known = {learner.name: learner for learner in all_learners()}
        strange = sorted(kinds - set(known))
        if strange:
            raise BadFile(
                f"the model {folder} has members of kinds not known here: {listed(strange)}; "
                "install the packages that bring them"
            )
        try:
            ensemble = json.loads(files["ensemble.json"])
            features, classes = len(manifest["features"]), len(manifest["classes"])
            sizes = {"classes": classes, "coarse": max(ensemble["coarse_of"]) + 1}
            members: dict[str, dict[str, Member]] = {"classes": {}, "coarse": {}}
            for level, size in sizes.items():
                for name in manifest["members"]:
                    file = member_file(level, known[name])
                    if file in files:
                        members[level][name] = known[name].load(files[file], features, size)
            safety = Safety.load(files["safety.npz"], features)
            return cls(manifest, ensemble, members["classes"], members["coarse"], safety, files.get(KEPT))
        except BadFile as error:
            raise BadFile(f"the model {folder} is damaged: {error}; train it anew") from None
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadFile(f"the model {folder} is damaged ({type(error).__name__} {error}); train it anew") from None

    def predict(
        self, matrix: FeatureMatrix, *, prior: Prior | Literal["estimate"] = "train", threads: int | None = None
    ) -> Predictions:
        """Classify rows.

        Args:
            matrix: with the model's features, in any order, and others if you like.
            prior: shares of the classes where the rows come from: by name, "train" (as in the training), "uniform", or
                "estimate" (from the rows themselves, see `priors.estimated_prior`).
            threads: that share the rows; None for one a processor. They change nothing but the time.

        Raises:
            BadTable: features are missing.
            BadOption: features are defined otherwise, or the prior is impossible.
        """
        matrix = matrix.as_trained(self.features, self.manifest["features_digest"])
        after = None if prior == "estimate" else prior_shares(prior, self.classes, self.shares)
        shape = (len(matrix), len(self.classes))
        members = np.empty((len(self._fine), *shape), np.float32)
        probabilities, sets = np.empty(shape), np.empty(shape, bool)
        disagreement, safety = np.empty(len(matrix)), np.empty(len(matrix), np.int64)

        def fill(rows: slice) -> None:
            values = matrix.values[rows]
            magnitude = None if matrix.magnitude is None else matrix.magnitude[rows]
            votes = self.votes(values)
            members[:, rows] = votes.fine
            disagreement[rows] = _disagreement(votes.fine)
            found = self._combination.apply(votes, magnitude)
            # Nothing is known of a row without features but how common the classes are.
            found[np.isnan(values).all(axis=1)] = self.shares
            probabilities[rows] = found
            sets[rows] = self._conformal.sets(found, magnitude)
            safety[rows] = self._safety.codes(values)

        for _ in in_order(fill, blocks(len(matrix)), threads or processors()):
            pass
        if after is None:
            after = estimated_prior(probabilities, self.shares)
        probabilities = reweight(probabilities, self.shares, after)
        return Predictions(
            classes=self.classes,
            probabilities=probabilities,
            prior=after,
            members=members,
            called=self.decision_under(after).codes(probabilities, after),
            entropy=_entropy(probabilities) / np.log(len(self.classes)),
            disagreement=disagreement,
            sets=sets,
            safety=safety,
        )

    def decision_under(self, prior: Doubles) -> Decision:
        """Which class a row is called where the classes are as common as a prior says.

        What a rule costs depends on that: it is fitted to the rows that members had not learnt from, weighted so.
        Without them it is the likeliest class.

        Args:
            prior: share of each class.
        """
        if np.allclose(prior, self.shares, rtol=1e-9):
            return self.decision
        key = prior.tobytes()
        if key not in self._decisions:
            self._decisions[key] = Decision() if self._kept is None else _decision(self._kept, self.shares, prior)
        return self._decisions[key]

    def member(self, name: str) -> Member | None:
        """The member of a kind that learnt all classes; None if there is none."""
        return self._fine.get(name)

    def _check(self) -> None:
        """Refuse parts of different models.

        Raises:
            ValueError: they do not fit together.
        """
        classes, coarse = len(self.classes), int(self._of.max()) + 1
        inputs = len(self._fine) * classes + (len(self._coarse) * coarse if self._combination.levels else 0)
        temperatures = self._combination.temperatures
        fits = (
            self.shares.shape == self._of.shape == (classes,),
            self._conformal.thresholds.shape == (classes, len(self._conformal.edges) + 2),
            temperatures.values.shape == (len(temperatures.edges) + 2,),
            self._combination.coefficients.size == 0 or self._combination.coefficients.shape == (inputs + 1, classes),
            self._class_weights["classes"].shape == (classes,),
            not self._coarse or self._class_weights["coarse"].shape == (coarse,),
            bool(self._fine) and (bool(self._coarse) or not self._combination.levels),
        )
        if not all(fits):
            raise ValueError("its parts do not fit together")

    def votes(self, values: Floats) -> Votes:
        """What each member says of rows n x f, under the prior of the training."""

        def said(level: str, members: dict[str, Member], classes: int) -> Doubles:
            weights = self._class_weights.get(level, np.ones(classes))
            some = [reweight(one.predict_proba(values), weights, np.ones(classes)) for one in members.values()]
            return np.stack(some) if some else np.empty((0, len(values), classes))

        coarse = int(self._of.max()) + 1
        return Votes(said("classes", self._fine, len(self.classes)), said("coarse", self._coarse, coarse), self._of)


def _decision(kept: bytes, shares: Doubles, prior: Doubles) -> Decision:
    """The rule for out-of-fold predictions under the prior `shares`, had the classes been as common as `prior` says."""
    rows = OutOfFold.load(kept)
    said = reweight(rows.probabilities.astype(np.float64), shares, prior)
    return Decision.fit(said, rows.codes, prior, rows_as_common(prior, rows.codes))


def _entropy(probabilities: Doubles) -> Doubles:
    return np.asarray(-(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=-1))


def _disagreement(members: Doubles) -> Doubles:
    """Entropy of the members' mean less the mean of their entropies, as a share of the most there can be."""
    count = min(len(members), members.shape[2])
    if count < 2:
        return np.zeros(members.shape[1])
    excess = _entropy(members.mean(axis=0)) - _entropy(members).mean(axis=0)
    return np.asarray(np.clip(excess, 0.0, None) / np.log(count))
