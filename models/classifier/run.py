"""The folder of a training: what it was begun with, and what of it is done."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from skyband.models.classifier.fitting import Fitted
from skyband.models.classifier.labels import Labels
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, digest_of
from skyband.models.classifier.members.member import Learner
from skyband.models.classifier.recipe import Recipe
from skyband.models.classifier.sealed import read_bytes, read_sealed, write_sealed, write_whole
from skyband.schema.errors import BadFile, OtherTraining
from skyband.schema.faults import storage_error

MANIFEST = "manifest.json"
BEGUN = "begun.json"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skyband")


def described(
    matrix: FeatureMatrix, labels: Labels, recipe: Recipe, learners: Sequence[Learner], data: Mapping[str, str]
) -> dict[str, Any]:
    """All that decides the result of a training, as plain values."""
    arrays = (matrix.values, labels.codes, matrix.healpix_29, matrix.magnitude, matrix.groups, matrix.weights)
    plan = asdict(recipe)
    # When a training is saved has no part in what it learns.
    plan["pace"].pop("checkpoint_s")
    found = {
        "features": list(matrix.names),
        "features_digest": matrix.digest,
        "bands": {band: list(names) for band, names in matrix.bands.items()},
        "counts": {name: list(bands) for name, bands in matrix.counts.items()},
        "classes": list(labels.classes),
        "rows": len(matrix),
        "rows_digest": digest_of(*arrays),
        "data": dict(data),
        "recipe": plan,
        "members": {learner.name: repr(learner) for learner in learners},
        "libraries": _versions(learners),
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


class RunFolder:
    """Files of one training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = folder / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether a model is there."""
        return (self.folder / MANIFEST).exists()

    def begin(self, description: dict[str, Any]) -> None:
        """Take up the training that was begun here, if it is the same.

        Raises:
            OtherTraining, BadFile: as `check_same`.
        """
        self.check_same(description)
        if not (self.folder / BEGUN).exists():
            write_whole(self.folder / BEGUN, json.dumps(description, indent=1).encode())

    def check_same(self, description: dict[str, Any]) -> None:
        """Refuse a folder in which another training was begun; whoever works on that need not be waited for.

        Raises:
            OtherTraining: there was one.
            BadFile: what was noted of it is damaged.
        """
        if not (self.folder / BEGUN).exists():
            return
        before = read_json(self.folder / BEGUN)
        other = [name for name in description if before.get(name) != description[name]]
        if other:
            raise OtherTraining(
                f"{self.folder} holds a training with other {', '.join(other)}; "
                "give a new name or version, or remove the folder"
            )

    def checkpoint(self, part: str) -> Path:
        """Where the state of a part under way is kept."""
        return self._parts / f"{part}.state"

    def read_part(self, part: str, rows: int, columns: int) -> tuple[Doubles, dict[str, Any]] | None:
        """Probabilities of a part that is done, rows x columns, and its note; None if it is not done.

        Raises:
            BadFile: the file is damaged.
        """
        path = self._parts / f"{part}.done"
        if not path.exists():
            return None
        note, parts = read_sealed(path)
        found = np.frombuffer(parts["probabilities"], np.float32)
        if found.size != rows * columns:
            raise BadFile(f"checkpoint {path} is of other rows; remove it, and its part is trained again")
        return found.reshape(rows, columns).astype(np.float64), note

    def write_part(self, part: str, probabilities: Doubles, fitted: Fitted) -> None:
        """Keep the result of a part, and its state no longer."""
        note = {"rounds": fitted.rounds, "seconds": fitted.seconds}
        write_sealed(self._parts / f"{part}.done", note, {"probabilities": probabilities.astype(np.float32).tobytes()})
        self.checkpoint(part).unlink(missing_ok=True)

    def finish(self, manifest: dict[str, Any], files: Mapping[str, bytes]) -> None:
        """Write a model's files, and last the manifest with their checksums."""
        for name, data in files.items():
            write_whole(self.folder / name, data)
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        write_whole(self.folder / MANIFEST, json.dumps(manifest | {"files": sums}, indent=1).encode())

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder for the body; what a killed process left there goes too."""
        folder = self._parts / "scratch"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise storage_error(f"cannot make the folder {folder}", error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the checkpoints of a training that has ended."""
        shutil.rmtree(self._parts, ignore_errors=True)


def read_files(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A model's manifest and its files, each as it was written.

    Raises:
        BadFile: there is no model, or a file of it is missing or damaged.
    """
    path = folder / MANIFEST
    if not path.exists():
        begun = (folder / BEGUN).exists()
        what = "a training that has not ended; run it again, and it goes on" if begun else "no model"
        raise BadFile(f"{folder} holds {what}")
    manifest = read_json(path)
    files: dict[str, bytes] = {}
    for name, digest in manifest.get("files", {}).items():
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise BadFile(f"{path} names a file outside its folder: {name}")
        if not (folder / name).exists():
            raise BadFile(f"the model {folder} lacks its file {name}; train it anew")
        files[name] = read_bytes(folder / name)
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise BadFile(f"the model's file {folder / name} is damaged; train it anew")
    return manifest, files


def read_json(path: Path) -> dict[str, Any]:
    """An object of a JSON file.

    Raises:
        BadFile: it holds none.
    """
    try:
        found = json.loads(read_bytes(path))
    except ValueError as error:
        raise BadFile(f"{path} is damaged ({error}); train the model anew") from None
    if not isinstance(found, dict):
        raise BadFile(f"{path} is damaged: it holds no object; train the model anew")
    return found


def _versions(learners: Sequence[Learner]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in (*_LIBRARIES, *(library for learner in learners for library in learner.libraries)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
