"""What readers of an association must know before they trust its figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb

from skyband.queries.association.tune import FEWEST_PAIRS
from skyband.queries.crossmatch.astrometry import Astrometry
from skyband.schema.keys import data_of, key_expressions

_SIGMA, _RELATIVE, _ABSOLUTE = 3.0, 0.2, 0.005
"""By how much two false rates must differ before they contradict each other: all of these."""
_LEAST_SCATTER, _MOST_SCATTER = 0.7, 1.4
_MOST_WITHOUT_EPOCH = 0.01


def rows_without_epoch(connection: duckdb.DuckDBPyConnection, sides: Iterable[Astrometry]) -> dict[str, float]:
    """The share of the rows, by table, whose epoch is NULL though rows are moved; no table where none
    moves, or where all rows share one epoch."""
    sides = list(sides)
    found = {}
    for table in (side.table for side in sides if any(side.moves for side in sides)):
        if table.role("epoch") is not None and table.rows:
            columns = ", ".join(key_expressions(table, ("id", "ra", "dec", "epoch")))
            [(missing,)] = connection.execute(
                "SELECT count(*) FILTER (epoch IS NULL OR NOT isfinite(epoch::DOUBLE)) "
                f"FROM (SELECT {columns} FROM {data_of(table)})"
            ).fetchall()
            found[table.name] = missing / table.rows
    return found


def doubts_about(counts: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """What speaks against the figures of an association, in sentences without a full stop.

    Args:
        counts: as its table keeps them, of two tables or of many.
        options: what was asked.
    """
    found = list(_contradictions(counts))
    tunings = {"": counts["tuning"]} if "tuning" in counts else {p["table"]: p["tuning"] for p in counts["partners"]}
    for table, tuning in tunings.items():
        of_table = f" of {table}" if table else ""
        if fault := not_fitted(tuning, options):
            found.append(f"systematic error{of_table} {fault}")
        shift = math.hypot(tuning["offset_ra_arcsec"], tuning["offset_dec_arcsec"])
        typical = tuning.get("pair_error_arcsec", 0.0)
        if options.get("offsets") == "keep" and typical and shift > max(3 * tuning["offset_error_arcsec"], typical / 2):
            found.append(
                f"the tables are displaced{of_table} by {shift:.3g} arcsec, which is left in and makes true pairs look "
                f"improbable (their errors are {typical:.3g}): take it away with --offsets constant"
            )
        # Tables of older versions do not say.
        scatter = tuning.get("scatter")
        if scatter is not None and not _LEAST_SCATTER <= scatter <= _MOST_SCATTER:
            found.append(
                f"true pairs{of_table} scatter by {scatter:.2g} in mean chi square where right errors give 1: the "
                "errors have wings, or are wrong in another way than by a factor"
            )
    moving = counts.get("moving", ())
    if moving and options["tables"][0] not in moving:
        found.append(
            f"{options['tables'][0]} leads and has no proper motions: what moves fast is found in one other table "
            f"alone; give {moving[0]} first"
        )
    for table, share in counts.get("without_epoch", {}).items():
        if share > _MOST_WITHOUT_EPOCH:
            found.append(f"{share:.2g} of the rows of {table} have no epoch and were taken at the mean one")
    return found


def not_fitted(tuning: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """Why a systematic error was neither given nor fitted; "" where it was."""
    if tuning["floor_fitted"] or options.get("floor_arcsec") is not None:
        return ""
    return f"not fitted: {tuning['pairs']} pairs, {FEWEST_PAIRS} are needed"


def _contradictions(counts: Mapping[str, Any]) -> Iterator[str]:
    """Whether the two false rates of the chosen cut agree."""
    least = counts["least_probability"]
    cut = min(counts["calibration"]["cuts"], key=lambda cut: abs(cut["least_probability"] - least))
    claimed, chance, error = cut["contamination"], cut["chance_contamination"], cut["chance_error"]
    # What is true of the rows that are there scatters around what is probable.
    error = math.hypot(error, math.sqrt(claimed / max(cut["rows"], 1)))
    if abs(claimed - chance) > max(_SIGMA * error, _RELATIVE * max(claimed, chance), _ABSOLUTE) and cut["rows"]:
        yield (
            f"false rates contradict each other: {claimed:.2%} by the probabilities, {chance:.2%} ± {error:.2%} by "
            "shifted rows; companions, clustering or wings of the errors may be why"
        )
