"""A scored table as the SQL of kinds sees it: scores, probabilities and features of each row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from skyband.models.candidates.kind import Kind
from skyband.models.features import FeatureOptions, FeatureTable, feature_table
from skyband.models.features.groups import load_groups
from skyband.models.features.light_curves import check_curves, curves_sql, keys_sql
from skyband.models.scoring.shelf import feature_inputs, find_model
from skyband.queries.sky import Sky
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption, BadTable, InputError
from skyband.schema.keys import data_of
from skyband.schema.names import quote

SCORES = ("class", "p_max", "entropy", "disagreement", "safety")
"""Columns of `skyband score` that every scored table has."""

TEMPLATES = ("template_class", "template_name", "template_redshift", "template_chi2", "template_bands")
"""Columns of `skyband templates`, which a table may have."""

ISOLATION = "isolation"
"""A relation of (id, isolation) that is made where a kind needs it."""


@dataclass(frozen=True)
class ScoredTable:
    """A table with the columns of `skyband score`.

    Attributes:
        sky: the store.
        info: of the table.
        prefix: of the names of the scores.
        inputs: where the inputs of features are.
    """

    sky: Sky
    info: TableInfo
    prefix: str
    inputs: FeatureOptions

    @classmethod
    def open(cls, sky: Sky, table: str, inputs: FeatureOptions | None = None, prefix: str = "") -> ScoredTable:
        """A table that was scored; inputs that are not told are where the training had them, if it was of this table.

        Raises:
            TableNotFound: there is no such table.
            BadTable: it was not scored, or has no ids.
        """
        info = sky.table(table)
        missing = [prefix + name for name in SCORES if info.column(prefix + name) is None]
        if missing:
            raise BadTable(
                f"table {table!r} has no column {missing[0]!r}: skyband score {table} --model M gives it its classes"
            )
        if info.role("id") is None:
            raise BadTable(f"table {table!r} has no id column; see skyband describe {table}")
        return cls(sky, info, prefix, _inputs(sky, info, prefix, inputs))

    @property
    def key(self) -> str:
        """The quoted name of its column of ids."""
        column = self.info.role("id")
        assert column is not None
        return quote(column.name)

    def probability(self, names: Iterable[str]) -> Column | None:
        """The column of the probability of a class, under the first of its names that the table has."""
        found = (self.info.column(f"{self.prefix}p_{name}") for name in names)
        return next(filter(None, found), None)

    def missing_for(self, kind: Kind) -> tuple[str, ...]:
        """What the table lacks of what a kind needs, in words."""
        features = self.features(kind)
        lacks = [
            f"p_{' or p_'.join(kind.classes[name])}" if name in kind.classes else self._hint(name, features)
            for name in kind.needs
            if not self._has(name, kind, features)
        ]
        if kind.needs_one and not any(self._has(name, kind, features) for name in kind.needs_one):
            lacks.append(f"one of {', '.join(kind.needs_one)}")
        return tuple(lacks)

    def features(self, kind: Kind) -> FeatureTable:
        """The features a kind takes, empty where the table lacks them, with the errors of magnitudes."""
        named = [name for name in (*kind.needs, *kind.needs_one, *kind.uses) if name in _known_features()]
        errors = [f"{name}_error_mag" for name in _bands(named)]
        return self.feature_table(tuple(dict.fromkeys((*named, *errors))))

    def feature_table(self, names: Sequence[str] = (), groups: Sequence[str] = ()) -> FeatureTable:
        """Features of the table by name, or those of groups that it has."""
        options = replace(self.inputs, features=tuple(names), groups=tuple(groups), allow_missing=True)
        return feature_table(self.sky, self.info.name, options)

    def rows_sql(self, kind: Kind, *, isolation: str = "", ids: str = "") -> str:
        """SQL of the rows as a kind's SQL takes them.

        Args:
            kind: whose features and probabilities they have.
            isolation: relation of (id, isolation).
            ids: relation of (id), the rows there are to be; all if empty.
        """
        features = self.features(kind)
        place = {role: column for role in ("ra", "dec") if (column := self.info.role(role))}
        chances = {name: self.probability(names) for name, names in kind.classes.items()}
        templates = {name: self.info.column(name) for name in TEMPLATES}
        own = {name: self.info.column(self.prefix + name) for name in SCORES}
        passed = {
            item.name for item in (*place.values(), *chances.values(), *templates.values(), *own.values()) if item
        }
        chosen = [f"f.{self.key}::VARCHAR AS id"]
        chosen += [f"{_name(place.get(role))}::DOUBLE AS {role}" for role in ("ra", "dec")]
        chosen += [f"{_name(column)} AS {name}" for name, column in (own | templates).items()]
        chosen += [f"{_name(column)}::DOUBLE AS {name}" for name, column in chances.items()]
        chosen += [f"f.{name}::DOUBLE AS {_short(name)}" for name in features.names]
        chosen += ["i.isolation"] if isolation else []
        joined = f" LEFT JOIN {isolation} i ON i.id = f.{self.key}::VARCHAR" if isolation else ""
        joined += f" SEMI JOIN {ids} w ON w.id = f.{self.key}::VARCHAR" if ids else ""
        return f"(SELECT {', '.join(chosen)} FROM ({features.rows(also=sorted(passed)).query}) f{joined})"

    def curves_parts(self) -> dict[str, str]:
        """What SQL over light curves needs beside the rows.

        Raises:
            BadOption, BadTable, TableNotFound: the light curves are none, or of other objects.
        """
        if self.inputs.light_curves is None:
            return {}
        curves = self.sky.table(self.inputs.light_curves)
        check_curves(curves)
        keys, names = keys_sql(self.info, curves, self.inputs.curves_of, "true")
        parts = {"curves": curves_sql(curves), "keys": keys, "names": str(names)}
        return parts | {"table": data_of(self.info), "key": self.key}

    def _has(self, name: str, kind: Kind, features: FeatureTable) -> bool:
        if name in kind.classes:
            return self.probability(kind.classes[name]) is not None
        if name == "light_curves":
            return self.inputs.light_curves is not None
        return name in SCORES or name == ISOLATION or (name in features.names and name not in features.missing)

    def _hint(self, name: str, features: FeatureTable) -> str:
        if name == "light_curves":
            return "light curves (--light-curves TABLE)"
        return f"{name} (of {', '.join(features.missing.get(name, ()))})"


def _inputs(sky: Sky, info: TableInfo, prefix: str, told: FeatureOptions | None) -> FeatureOptions:
    """Where the inputs of features are, by what is told and the model that scored the table."""
    said = info.details.get(f"{prefix}scores", {}).get("model", "")
    try:
        return feature_inputs(find_model(sky.store, said), info.name, told)
    except InputError:  # the model is gone: the table itself tells the rest
        return told or FeatureOptions()


def where_ids(sky: Sky, info: TableInfo, where: str) -> Sequence[str]:
    """Ids, as text, of the rows of a table for which a condition holds.

    Raises:
        QueryError: it is no condition.
        BadOption: it is none that can stand behind WHERE.
    """
    key = info.role("id")
    assert key is not None
    if ";" in where:
        raise BadOption(f"--where {where!r}: give one condition, without a semicolon")
    result = sky.sql(f"SELECT {quote(key.name)}::VARCHAR AS id FROM {quote(info.name)} WHERE ({where})")
    found: list[str] = result.to_arrow()["id"].to_pylist()
    return found


def _known_features() -> Mapping[str, str]:
    return {feature.name: group.name for group in load_groups().values() for feature in group.features}


def _bands(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        band = re.fullmatch(r"(\w+)_mag", name)
        if band and f"{band[1]}_error_mag" in _known_features():
            yield band[1]


def _short(feature: str) -> str:
    """Errors of magnitudes go by the names of the inputs in the SQL of kinds."""
    return feature.removesuffix("_mag") if feature.endswith("_error_mag") else feature


def _name(column: Column | None) -> str:
    return "NULL" if column is None else f"f.{quote(column.name)}"
