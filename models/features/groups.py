"""The features there are: a group is a file `<group>.toml`, which declares them, and a file `<group>.sql`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from skyband.schema.definition import build, expanded
from skyband.schema.errors import BadOption
from skyband.schema.sql import load_sql

PACKAGE = "skyband.models.features"

GROUPS = (
    "colours", "magnitudes", "shape", "parallax", "motion", "astrometry", "match", "environment", "variability",
    "errors", "spectroscopy",
)  # fmt: skip
"""The groups in the order their features have."""

ALL = "all"
"""Given as a group: every one."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A number about a source."""

    name: str
    description: str
    needs: tuple[str, ...]  # standard inputs (inputs.toml) or relations, all of which it takes
    unit: str = ""  # VOUnits
    counts: tuple[str, ...] = ()  # bands, the number of which it is
    group: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Features that one file of SQL computes."""

    name: str
    title: str
    default: bool  # whether it is computed where nobody asks for groups
    features: tuple[Feature, ...]

    @property
    def sql(self) -> str:
        """The text that computes them, with its parameters."""
        return load_sql(PACKAGE, self.name)


def read_definitions(kind: Any, name: str, key: str, **more: object) -> tuple[Any, ...]:
    """The tables of a list in `<name>.toml`, patterns written out, as instances of a dataclass."""
    document = read_toml(name)
    expand = document.get("expand", {})
    return tuple(
        build(kind, table | more, f"{name}.toml: {pattern['name']!r}")
        for pattern in document[key]
        for table in expanded(pattern, expand, f"{name}.toml")
    )


def read_toml(name: str) -> dict[str, Any]:
    """The document `<name>.toml` of this package."""
    return tomllib.loads(files(PACKAGE).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


@cache
def load_groups() -> Mapping[str, Group]:
    """All groups by name."""
    return {name: _load(name) for name in GROUPS}


def _load(name: str) -> Group:
    document = read_toml(name)
    features = read_definitions(Feature, name, "features", group=name)
    return Group(name, document["title"], document["default"], features)


def choose_groups(names: Iterable[str]) -> tuple[Group, ...]:
    """The groups of these names in the order of `GROUPS`; the default ones for none, every one for "all".

    Raises:
        BadOption: there is no group of a name.
    """
    known, wanted = load_groups(), set(names)
    if unknown := wanted - known.keys() - {ALL}:
        raise BadOption(
            f"no group of features {min(unknown)!r}: the groups are {', '.join(GROUPS)}, or {ALL} for every one"
        )
    if not wanted:
        return tuple(group for group in known.values() if group.default)
    return tuple(group for group in known.values() if ALL in wanted or group.name in wanted)


def find_features(names: Iterable[str]) -> Iterator[Feature]:
    """The features of these names, in their order.

    Raises:
        BadOption: there is no feature of a name.
    """
    known = {feature.name: feature for group in load_groups().values() for feature in group.features}
    for name in names:
        if name not in known:
            raise BadOption(f"no feature {name!r}; skyband features TABLE --list shows all")
        yield known[name]
