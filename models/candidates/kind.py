"""The kinds of rare objects there are: two files each, in the folder `kinds`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from skyband.schema.definition import build
from skyband.schema.errors import BadOption
from skyband.schema.sql import fill_sql

PACKAGE = "skyband.models.candidates.kinds"

ALL = "all"
"""Given as a kind: every one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rare object, as its TOML file says.

    Attributes:
        name: of its files.
        title: what one is.
        source: papers its criteria are from.
        bands: whose first measured magnitude is told, for the planning of exposures.
        needs: names of probabilities, scores, features or relations, all of which it takes.
        classes: probability in the SQL -> names that the class may have in a model.
        needs_one: features of which it takes one at least.
        uses: features that it takes where there are any.
    """

    name: str
    title: str
    source: str
    bands: tuple[str, ...]
    needs: tuple[str, ...]
    classes: Mapping[str, Any]
    needs_one: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()

    def sql(self, **parts: str) -> str:
        """The query that finds it, with its parameters filled in."""
        return fill_sql(PACKAGE, self.name, **parts)


@cache
def load_kinds() -> Mapping[str, Kind]:
    """All kinds by name, sorted."""
    paths = sorted(
        (path for path in files(PACKAGE).iterdir() if path.name.endswith(".toml")), key=lambda path: path.name
    )
    return {path.name.removesuffix(".toml"): _load(path) for path in paths}


def choose_kinds(names: Iterable[str]) -> tuple[Kind, ...]:
    """The kinds of some names; every one for none, or for "all".

    Raises:
        BadOption: there is no kind of a name.
    """
    known, wanted = load_kinds(), set(names)
    if unknown := wanted - known.keys() - {ALL}:
        raise BadOption(f"no kind {min(unknown)!r}: the kinds are {', '.join(known)}, or {ALL} for every one")
    return tuple(kind for kind in known.values() if not wanted or ALL in wanted or kind.name in wanted)


def _load(path: Any) -> Kind:
    name = path.name.removesuffix(".toml")
    kind: Kind = build(Kind, {"name": name, "classes": {}} | tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    return kind
