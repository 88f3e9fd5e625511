"""What is known of the columns a query may name: tables, `keys.<table>` and skyband's table functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skyband.schema.columns import Column, TableInfo
from skyband.schema.keys import key_columns

_PAIR_COLUMNS = (
    Column("left_id", "", ucd="meta.id"),
    Column("right_id", "", ucd="meta.id"),
    Column("sep_arcsec", "DOUBLE", unit="arcsec", ucd="pos.angDistance", description="Separation of the pair"),
)


@dataclass(frozen=True, slots=True)
class KnownColumns:
    """The columns of what stands after FROM, as `trace_columns` asks for them."""

    tables: Mapping[str, TableInfo]  # of the store
    others: Mapping[str, Sequence[Column]] = field(default_factory=dict)  # by name in lower case: "tap_schema.tables"

    def of_table(self, name: str) -> Sequence[Column] | None:
        """The columns of a table or view, by its name as written; None where it is not known."""
        other = self.others.get(name.lower())
        if other is not None:
            return other
        schema, _, table = name.lower().rpartition(".")
        info = self.tables.get(table)
        if info is None or schema not in ("", "main", "keys"):
            return None
        return key_columns(info) if schema == "keys" else info.columns

    def of_function(self, name: str, arguments: Sequence[str]) -> Sequence[Column] | None:
        """The columns of a table function, by its name and arguments; None where it is not known."""
        if name.lower() == "cone" and arguments:
            return self.of_table(arguments[0])
        return _PAIR_COLUMNS if name.lower() == "xmatch" else None


def unique_names(names: Sequence[str]) -> list[str]:
    """Names no two of which agree in any case: `a, A, a` becomes `a, A_1, a_2`."""
    taken: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 0
        while candidate.lower() in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.lower())
        unique.append(candidate)
    return unique
