"""The models of a store: `models/<name>/<version>`, versions counted from 1."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skyband.models.classifier.run import BEGUN, MANIFEST, read_json
from skyband.models.features import FeatureOptions
from skyband.schema.errors import BadFile, BadName, BadOption
from skyband.schema.names import check_table_name
from skyband.schema.store import Store


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model, finished or not.

    Attributes:
        name: of the model.
        version: from 1.
        folder: of its files.
    """

    name: str
    version: int
    folder: Path

    @property
    def title(self) -> str:
        """As people write it: name@version."""
        return f"{self.name}@{self.version}"

    @property
    def is_finished(self) -> bool:
        """Whether its training has ended."""
        return (self.folder / MANIFEST).exists()

    def manifest(self) -> dict[str, Any]:
        """What its training says of itself.

        Raises:
            BadFile: it is damaged.
        """
        return read_json(self.folder / MANIFEST)


def model_versions(store: Store, name: str) -> list[ModelVersion]:
    """Versions of a model, oldest first.

    Raises:
        BadName: the name cannot be one.
    """
    folder = store.path / "models" / check_table_name(name, "model")
    numbers = sorted(int(path.name) for path in folder.glob("[1-9]*") if path.name.isdecimal() and path.is_dir())
    return [ModelVersion(name, number, folder / str(number)) for number in numbers]


def model_names(store: Store) -> list[str]:
    """Names of the models that have a finished version, sorted."""
    found = sorted(path.name for path in (store.path / "models").glob("[!.]*") if path.is_dir())
    return [name for name in found if any(one.is_finished for one in _versions_of(store, name))]


def find_model(store: Store, text: str) -> ModelVersion:
    """The finished model of "name" (its newest version) or "name@version".

    Raises:
        BadOption: there is none.
        BadName: the name cannot be one.
    """
    name = text.partition("@")[0]
    found = [one for one in model_versions(store, name) if one.is_finished]
    wanted = [one for one in found if text in (one.name, one.title)]
    if not wanted:
        there = ", ".join(one.title for one in found) or ", ".join(model_names(store)) or "none yet"
        raise BadOption(f"no model {text!r} in {store.path}; there are: {there}. See skyband train")
    return wanted[-1]


def next_version(store: Store, name: str) -> ModelVersion:
    """The version a new training makes."""
    versions = model_versions(store, name)
    number = versions[-1].version + 1 if versions else 1
    return ModelVersion(name, number, store.path / "models" / name / str(number))


def unfinished(store: Store, name: str) -> list[ModelVersion]:
    """Versions whose training was begun and has not ended, newest first."""
    versions = reversed(model_versions(store, name))
    return [one for one in versions if (one.folder / BEGUN).exists() and not one.is_finished]


def summary(model: ModelVersion) -> dict[str, Any]:
    """What a list of models says of one: table, rows, classes, main figures; None of a damaged model, and of a training
    that has not ended."""
    facts: dict[str, Any] = dict.fromkeys(("table", "rows", "classes", "accuracy", "macro_f1"))
    damaged = False
    if model.is_finished:
        try:
            known = model.manifest()
            facts = {
                "table": known["data"].get("table"),
                "rows": int(known["rows"]),
                "classes": [str(name) for name in known["classes"]],
                "accuracy": float(known["metrics"]["accuracy"]),
                "macro_f1": float(known["metrics"]["macro_f1"]),
            }
        except (BadFile, KeyError, ValueError, TypeError, AttributeError):
            damaged = True
    return {"model": model.title, "finished": model.is_finished, "damaged": damaged, **facts}


def feature_plan(model: ModelVersion) -> dict[str, Any]:
    """How the features of a model were asked for, as `training_set` noted it.

    Raises:
        BadFile: the manifest does not say.
    """
    try:
        plan = json.loads(model.manifest()["data"]["features"])
    except (KeyError, TypeError, ValueError):
        raise BadFile(f"model {model.title} does not say what its features are; train it anew") from None
    if not isinstance(plan, dict):
        raise BadFile(f"model {model.title} does not say what its features are; train it anew")
    return plan


def feature_inputs(model: ModelVersion, table: str, told: FeatureOptions | None) -> FeatureOptions:
    """Where a table has the inputs of a model's features: as told, and else, of the table it learnt from, as they were
    in the training.

    Raises:
        BadFile: the manifest does not say.
    """
    told, plan = told or FeatureOptions(), feature_plan(model)
    if model.manifest()["data"].get("table") != table:
        return told
    return replace(
        told,
        inputs={**(plan.get("inputs") or {}), **told.inputs},
        light_curves=told.light_curves or plan.get("light_curves"),
        curves_of=told.curves_of or plan.get("curves_of"),
        neighbours=told.neighbours or plan.get("neighbours"),
    )


def _versions_of(store: Store, name: str) -> list[ModelVersion]:
    try:
        return model_versions(store, name)
    except BadName:
        return []
