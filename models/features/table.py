"""The features of a table: which it can give, and the SQL that gives them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from skyband.models.features.groups import PACKAGE, Feature, Group, choose_groups, find_features, load_groups, read_toml
from skyband.models.features.inputs import Bound, bind_inputs, deredden, standard_inputs
from skyband.models.features.light_curves import check_curves, curves_sql, keys_sql
from skyband.models.features.options import FeatureOptions
from skyband.queries.result import Result
from skyband.queries.sky import Sky
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.faults import duckdb_faults
from skyband.schema.keys import data_of
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql
from skyband.schema.writer import KEY_METADATA

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_REACH_ARCSEC = 300.0
"""How far the environment reaches."""
_HINTS = {
    "light_curves": "a table of light curves (--light-curves TABLE)",
    "galaxies": "a flag of extended sources, for galaxies (--input extended_optical=COLUMN, or --neighbours TABLE)",
    "galaxy_colours": "g and r of the galaxies around (--input, or --neighbours TABLE)",
}


@dataclass(frozen=True, slots=True)
class LabelRelation:
    """Labels of rows: SQL of a relation (id, label), and what is said of `label`."""

    sql: str
    column: Column


@dataclass(frozen=True)
class FeatureTable:
    """The features of one version of a table.

    Attributes:
        info: of the table.
        options: that were asked for.
        features: that it gives, in the order of the columns.
        missing: features it cannot give, and the inputs they lack.
        inputs: where the standard inputs come from: what a model's manifest should say, since magnitudes stay in the
            system of their survey.
        beside: further tables they come from, by the option that names them.
    """

    sky: Sky
    info: TableInfo
    options: FeatureOptions
    features: tuple[Feature, ...]
    missing: Mapping[str, tuple[str, ...]]
    inputs: Mapping[str, Bound]
    beside: Mapping[str, TableInfo]

    @property
    def versions(self) -> dict[str, str]:
        """Versions of all tables the features come from: `table`, and those of `beside` by their names there."""
        return {what: info.version.version_id for what, info in {"table": self.info, **self.beside}.items()}

    @property
    def outdated(self) -> tuple[str, ...]:
        """Names of those tables that were published anew since."""
        tables = (self.info, *self.beside.values())
        return tuple(info.name for info in tables if self.sky.table(info.name).version != info.version)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features in the order of the columns."""
        return tuple(feature.name for feature in self.features)

    @property
    def gives_any(self) -> bool:
        """Whether the table gives a feature that needs an input; the number of bands is known of any table."""
        return any(item.needs and item.name not in self.missing for item in self.features)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of what the features are: names, units, inputs, SQL, dereddening.

        It does not depend on the table: a model takes features of the digest it was trained on, in any table.
        """
        needed = {name for feature in self.features for name in feature.needs} & standard_inputs().keys()
        used = [standard_inputs()[name] for name in sorted(needed)]
        extinction = read_toml("extinction") if self.options.deredden else None
        groups = {item.group for item in self.features}
        what = {
            "features": [(item.name, item.unit, item.needs, item.group) for item in self.features],
            "sql": {name: group.sql for name, group in load_groups().items() if name in groups},
            "places": fill_sql(PACKAGE, "places"),
            "inputs": [(item.name, item.least, item.most, item.null) for item in used],
            "extinction": extinction,
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Metadata of id, healpix_29 and the features."""
        own = [Column(item.name, "FLOAT", item.unit, description=item.description) for item in self.features]
        return (_id_of(self.info), KEY_METADATA, *own)

    def rows(
        self,
        *,
        also: Sequence[str] = (),
        labels: str | LabelRelation | None = None,
        healpix: tuple[int, int] | None = None,
        only: str = "true",
    ) -> Result:
        """The features of all rows, or of some: id, healpix_29, what else is wanted, then a FLOAT a feature.

        What was not measured is NULL. Rows come in the order of the table as a rule, but that is not promised.

        Args:
            also: columns of the table to pass on.
            labels: "TABLE.COLUMN": only rows whose id has a value in that column of a table of labels, which comes as
                the column `label`; or labels of another origin.
            healpix: only rows whose key lies between these two, both included.
            only: condition on the rows in SQL, over the columns of the table.

        Raises:
            BadOption: there is no such column, or it has the name of a feature.
            BadTable: the table, or another one the features come from, was published anew.
            TableNotFound: there is no such table of labels.
        """
        if self.outdated:
            raise BadTable(
                f"table {self.outdated[0]!r} was published anew since its features were opened: open them again"
            )
        extra = [self._passed_on(name) for name in also]
        label = self.labels(labels) if isinstance(labels, str) else labels
        place = "true" if healpix is None else f"{HEALPIX_COLUMN} BETWEEN {healpix[0]:d} AND {healpix[1]:d}"
        where = f"({place} AND ({only}))"
        query = self._sql(extra, label, where)
        with duckdb_faults("features failed"):
            relation = self.sky.connection.cursor().sql(query)
        columns = [*self.columns[:2], *extra, *([label.column] if label else []), *self.columns[2:]]
        batch_rows = self.sky.store.settings.batch_rows
        return Result(relation, tuple(columns), query=query, batch_rows=batch_rows, source=self.sky)

    def _passed_on(self, name: str) -> Column:
        column = self.info.column(name)
        if column is None:
            raise BadOption(f"table {self.info.name!r} has no column {name!r}; see skyband describe {self.info.name}")
        if column.name.lower() in {item.name.lower() for item in self.columns}:
            raise BadOption(f"column {name!r} of table {self.info.name!r} has the name of a column of the features")
        return column

    def labels(self, text: str) -> LabelRelation:
        """The labels in a column "TABLE.COLUMN" of a table with the same ids.

        Raises:
            TableNotFound, BadOption: there is no such table, or no such column.
        """
        name, _, column_name = text.partition(".")
        table = self.sky.table(name)
        column = table.column(column_name)
        if column is None:
            raise BadOption(f"labels {text!r}: give TABLE.COLUMN; {name!r} has no column {column_name!r}")
        return LabelRelation(
            f"(SELECT {quote(_id_of(table).name)} AS id, {quote(column.name)} AS label FROM {data_of(table)})",
            Column("label", column.type, column.unit, column.ucd, description=column.description),
        )

    def _sql(self, extra: Sequence[Column], label: LabelRelation | None, where: str) -> str:
        passed = [f"{quote(column.name)} AS passed_{number}" for number, column in enumerate(extra)]
        rows = _inputs_sql(self.info, self.inputs, [f'{quote(_id_of(self.info).name)} AS "@id"', *passed], where)
        for group in self._groups():
            rows = f"({fill_sql(PACKAGE, group.name, rows=rows, **self._parts(group, where))})"
        chosen = [
            f'f."@id" AS {quote(_id_of(self.info).name)}',
            f"f.{HEALPIX_COLUMN}",
            *(f"f.passed_{number} AS {quote(column.name)}" for number, column in enumerate(extra)),
            *(["l.label"] if label else []),
            *(f"{'NULL' if name in self.missing else f'f.{name}'}::FLOAT AS {name}" for name in self.names),
        ]
        joined = f' JOIN {label.sql} l ON l.id = f."@id" AND l.label IS NOT NULL' if label else ""
        return f"SELECT {', '.join(chosen)} FROM {rows} f{joined}"

    def _groups(self) -> list[Group]:
        wanted = {item.group for item in self.features if item.name not in self.missing}
        return [group for group in load_groups().values() if group.name in wanted]

    def _parts(self, group: Group, where: str) -> dict[str, str]:
        """What the SQL of a group needs beside the rows."""
        if group.name == "variability":
            curves = self.beside["light_curves"]
            keys, names = keys_sql(self.info, curves, self.options.curves_of, where)
            return {"curves": curves_sql(curves), "keys": keys, "names": str(names)}
        if group.name == "environment":
            other, is_galaxy = self.beside.get("neighbours"), "extended_optical = 1"
            around = _around(self.sky, self.info, self.inputs, other, self.options)
            pairs = fill_sql(
                "skyband.schema",
                "band_join",
                left=f"({fill_sql(PACKAGE, 'places', rows=_places_sql(self.info, self.inputs, where), where='true')})",
                right=f"({fill_sql(PACKAGE, 'places', rows=_places_sql(*around, 'true'), where=is_galaxy)})",
                radius_arcsec=repr(_REACH_ARCSEC),
                band_arcsec=repr(0.4 * _REACH_ARCSEC),  # half the time where there are 100 galaxies around
            )
            # A source of another table within an arcsec is the same one.
            other_rows, apart = "left_id >> 10 <> right_id >> 10", "chord2 > pow(chord_limit(1 / 3600.0), 2)"
            return {"pairs": pairs, "others": other_rows if around[0] is self.info else apart}
        return {}


def feature_table(sky: Sky, table: str, options: FeatureOptions | None = None) -> FeatureTable:
    """The features of a table.

    Args:
        sky: the store.
        table: name of a survey's table, a matched catalogue or any other table.
        options: which features; the default ones that the table can give, if None.

    Raises:
        TableNotFound: there is no such table.
        BadOption: there is no such group, feature, input or column.
        BadTable: the table cannot give a feature wanted by name, or gives none.
    """
    options = options or FeatureOptions()
    info = sky.table(table)
    _id_of(info)
    inputs = bind_inputs(info, options.inputs, sky.store.path)
    if options.deredden:
        inputs = deredden(inputs)
    there = set(inputs)
    others = {"light_curves": options.light_curves, "neighbours": options.neighbours}
    beside = {what: sky.table(name) for what, name in others.items() if name is not None}
    if "light_curves" in beside:
        curves = beside["light_curves"]
        check_curves(curves)
        keys_sql(info, curves, options.curves_of, "true")
        there.add("light_curves")
    around, theirs = _around(sky, info, inputs, beside.get("neighbours"), options)
    if "extended_optical" in theirs and around.role("ra") and info.role("ra"):
        there |= {"galaxies"} | ({"galaxy_colours"} if {"g", "r"} <= theirs.keys() else set())
    named = tuple(find_features(options.features))
    wanted = named or tuple(item for group in choose_groups(options.groups) for item in group.features)
    lacking = {item.name: lack for item in wanted if (lack := tuple(name for name in item.needs if name not in there))}
    if named and lacking and not options.allow_missing:
        raise BadTable(f"table {table!r} cannot give {len(lacking)} of the features: {_reasons(lacking)}")
    features = named or tuple(item for item in wanted if item.name not in lacking)
    if not features:
        raise BadTable(f"table {table!r} gives none of these features: {_reasons(lacking)}")
    return FeatureTable(sky, info, options, features, lacking, inputs, beside)


def matrix(batch: pa.RecordBatch, names: Sequence[str]) -> NDArray[np.float32]:
    """The features of a batch as an array (rows, features) of float32, NaN where they are missing."""
    import numpy as np

    columns = [batch.column(name).to_numpy(zero_copy_only=False) for name in names]
    # Put together column by column and then turned, which takes half the time of rows put together value by value.
    return np.ascontiguousarray(np.stack(columns).T).astype(np.float32, copy=False)


def _reasons(lacking: Mapping[str, Sequence[str]]) -> str:
    """What is missing, in words."""
    name, inputs = next(iter(lacking.items()))
    hints = [_HINTS.get(item, f"{item} (--input {item}=COLUMN)") for item in inputs]
    more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
    return f"{name} needs {' and '.join(hints)}{more}"


def _around(
    sky: Sky, info: TableInfo, inputs: Mapping[str, Bound], other: TableInfo | None, options: FeatureOptions
) -> tuple[TableInfo, Mapping[str, Bound]]:
    """The table whose galaxies are counted, and its inputs."""
    if other is None or other.name == info.name:
        return info, inputs
    found = bind_inputs(other, {}, sky.store.path)
    return other, deredden(found) if options.deredden else found


def _places_sql(info: TableInfo, inputs: Mapping[str, Bound], where: str) -> str:
    ra, dec = (info.role(role) for role in ("ra", "dec"))
    assert ra is not None and dec is not None
    position = [f"{quote(ra.name)}::DOUBLE AS ra", f"{quote(dec.name)}::DOUBLE AS dec"]
    return _inputs_sql(info, inputs, position, where)


def _inputs_sql(info: TableInfo, inputs: Mapping[str, Bound], more: Sequence[str], where: str) -> str:
    """SQL of the rows of a table with every standard input, NULL where it has none."""
    own: list[str] = [
        f"{inputs[name].expression if name in inputs else 'NULL::DOUBLE'} AS {name}" for name in standard_inputs()
    ]
    key = HEALPIX_COLUMN if info.column(HEALPIX_COLUMN) else f"NULL::BIGINT AS {HEALPIX_COLUMN}"
    return f'(SELECT rowid AS "row", {", ".join([key, *more, *own])} FROM {data_of(info)} WHERE {where})'


def _id_of(info: TableInfo) -> Column:
    column = info.role("id")
    if column is None:
        raise BadTable(f"table {info.name!r} has no id column; see skyband describe {info.name}")
    return column


def facts(table: FeatureTable) -> dict[str, Any]:
    """What a feature table is, for programs and manifests."""
    return {
        "table": table.info.name,
        "version_id": table.info.version.version_id,
        "digest": table.digest,
        "deredden": table.options.deredden,
        "features": [asdict(item) | {"given": item.name not in table.missing} for item in table.features],
        "missing": {name: list(lack) for name, lack in table.missing.items()},
        "inputs": {
            name: {"from": item.origin, "survey": item.survey, "system": item.system}
            for name, item in table.inputs.items()
        },
    }
