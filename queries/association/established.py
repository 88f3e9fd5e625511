"""What a match found out of its tables, as its details keep it, for whoever uses its pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skyband.queries.association.options import Offsets
from skyband.queries.association.tune import Tuning
from skyband.queries.crossmatch.options import Find, Join
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable

_LEAST_SCALE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Established:
    """How the tables of a match were read, and what stands between them."""

    tables: tuple[str, ...]  # the leading one first
    find: Find
    join: Join
    wide: bool
    propagate: bool  # whether proper motions were used
    error_arcsec: Mapping[str, float] = field(default_factory=dict)  # by table, in place of its columns
    epoch_error_yr: Mapping[str, float] = field(default_factory=dict)  # by table, of rows that share one epoch
    offsets: Offsets = Offsets.KEEP
    tunings: Mapping[str, Tuning] = field(default_factory=dict)  # by table beside the first; none of a plain match

    @property
    def repeats_leads(self) -> bool:
        """Whether a row of the first table may stand in several pairs."""
        return self.find in (Find.ALL, Find.BEST2)

    def error_scales(self, said: Mapping[str, float]) -> dict[str, float]:
        """By what the errors of each table are multiplied.

        A pair has one scale, and does not tell which of its tables is wrong: the one with the larger errors is taken to
        be, because smaller ones would hardly change the pair.

        Args:
            said: typical variance of what a table says of its errors, by table.
        """
        lead = self.tables[0]
        scales = dict.fromkeys(self.tables, 1.0)
        for name, tuning in self.tunings.items():
            if given := {lead, name} & self.error_arcsec.keys():  # these were multiplied by nothing
                scales |= dict.fromkeys({lead, name} - given, tuning.error_scale)
                continue
            larger, smaller = (name, lead) if said[name] >= said[lead] else (lead, name)
            if tuning.error_scale != 1.0 and said[larger]:
                left = tuning.error_scale**2 * (said[lead] + said[name]) - said[smaller]
                scales[larger] = max(left / said[larger], _LEAST_SCALE**2) ** 0.5
        return scales

    def floors_arcsec(self, said: Mapping[str, float]) -> dict[str, float]:
        """The systematic error of each table in each coordinate, so that two of them make the one of their pair.

        Half of the variance of a pair belongs to the first table, or what the surveys say; where its pairs with several
        tables disagree, the least, because it is in all of them.

        Args:
            said: what the surveys say, by table, arcsec; 0 where they say nothing.
        """
        if not self.tunings:
            return dict(said)
        lead = self.tables[0]
        fitted = [name for name, tuning in self.tunings.items() if tuning.floor_fitted]
        own = min(
            self.tunings[name].floor_arcsec ** 2 * _share(said[lead], said[name]) for name in fitted or self.tunings
        )
        others = {name: max(tuning.floor_arcsec**2 - own, 0.0) for name, tuning in self.tunings.items()}
        return {name: (own if name == lead else others[name]) ** 0.5 for name in self.tables}


def established_by(match: TableInfo) -> Established:
    """What a match established.

    Raises:
        BadTable: the table is no match of different tables.
    """
    options = match.details.get("options") or {}
    names = tuple(options.get("tables") or [options[side] for side in ("left", "right") if side in options])
    if len(set(names)) < 2:
        raise BadTable(f"table {match.name!r} is no match of different tables; make one with skyband crossmatch")
    how = {
        "tables": names,
        "find": Find(options["find"]),
        "join": Join(options["join"]),
        "wide": options["wide"],
        "propagate": options["propagate"],
    }
    figures = match.details
    if "match" in figures:
        # Positions whose epochs were not known were matched as they stand.
        return Established(**how | {"propagate": options["propagate"] and figures["match"]["epoch"] is not None})
    if "association" in figures:
        found = [(names[1], figures["association"]["tuning"])]
    else:
        found = [(partner["table"], partner["tuning"]) for partner in figures["groups"]["partners"]]
    return Established(
        **how,
        error_arcsec=options["error_arcsec"],
        epoch_error_yr=options["epoch_error_yr"],
        offsets=Offsets(options["offsets"]),
        tunings={name: Tuning(**tuning) for name, tuning in found},
    )


def _share(one: float, other: float) -> float:
    """What part of the variance of a pair is the first table's, by what both are said to have."""
    return one**2 / (one**2 + other**2) if one and other else 0.5
