"""Where the right table has sources, and how many: the sky on which left rows can have partners at all."""

from __future__ import annotations

from dataclasses import dataclass

from skyband.queries.association.density import measure_density
from skyband.schema.faults import duckdb_faults
from skyband.schema.keys import data_of
from skyband.server.report.questions import Questions, Unknown
from skyband.server.report.subject import Subject


@dataclass(frozen=True, slots=True)
class Footprint:
    """The temporary table `right_density` (cell, per_arcsec2, covered): sources of the right table in HEALPix cells."""

    order: int
    shift: int  # bits between healpix_29 and a cell
    left_rows: int  # rows of the left table in cells that have sources
    per_arcsec2: float  # density of the right table, summed over the rows of the left one

    def rows_inside(self, rows: str) -> str:
        """SQL of those rows of a relation with healpix_29 that lie in covered cells."""
        return (
            f"(FROM {rows} r SEMI JOIN (SELECT cell FROM right_density WHERE covered) d "
            f"ON d.cell = r.healpix_29 >> {self.shift})"
        )


def measure_footprint(questions: Questions, subject: Subject) -> Footprint | Unknown:
    """The footprint of the right table, as associations measure it, and what the left table has in it."""
    if fault := subject.absent(subject.left, subject.right):
        return Unknown(fault)
    left, right = subject.left.now, subject.right.now
    assert left is not None and right is not None
    with duckdb_faults("the report failed"):
        density = measure_density(questions.connection, right, area_deg2=subject.options.get("area_deg2"))
        density.register(questions.connection, "right_density")
    found = questions.ask_one(
        "Left rows in the footprint of the right table, and its density there",
        f"-- right_density: sources of {right.name} in HEALPix cells of order {density.levels[0].order}, each averaged "
        "with its neighbours; finer ones where it is crowded\n"
        f"SELECT count(*) FILTER (d0.covered) AS left_rows, coalesce(sum({density.value}), 0) AS per_arcsec2\n"
        f"FROM {data_of(left)} l {density.joins('right_density', 'l.healpix_29')}\nWHERE d0.cell IS NOT NULL",
    )
    return Footprint(density.levels[0].order, density.shift, int(found["left_rows"]), float(found["per_arcsec2"]))
