"""Where the right table has sources, and how many: the sky on which left rows can have partners at all."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from skyband.queries.association.density import measure_density
from skyband.queries.association.footprint import read_moc
from skyband.schema.errors import BadFile
from skyband.schema.faults import duckdb_faults
from skyband.schema.keys import data_of
from skyband.server.report.questions import Questions, Unknown
from skyband.server.report.subject import Subject


@dataclass(frozen=True, slots=True)
class Footprint:
    """The sources of the right table in HEALPix cells: temporary tables of `Density.register`, `right_density_...`."""

    order: int  # of the cells
    join: str  # SQL of `Density.footprint`, by r.healpix_29
    is_inside: str
    left_rows: int  # rows of the left table inside
    per_arcsec2: float  # density of the right table, summed over the rows of the left one

    def rows_inside(self, rows: str) -> str:
        """SQL of those rows of a relation with healpix_29 that lie inside."""
        return f"(SELECT r.* FROM {rows} r {self.join} WHERE {self.is_inside})"


def measure_footprint(questions: Questions, subject: Subject) -> Footprint | Unknown:
    """The footprint of the right table, as associations measure it, and what the left table has in it."""
    if fault := subject.absent(subject.left, subject.right):
        return Unknown(fault)
    left, right = subject.left.now, subject.right.now
    assert left is not None and right is not None
    moc = None
    if path := subject.options.get("footprints", {}).get(right.name):
        with suppress(BadFile):  # it may be gone since
            moc = read_moc(path)
    with duckdb_faults("the report failed"):
        density = measure_density(questions.connection, right, area_deg2=subject.options.get("area_deg2"), moc=moc)
        density.register(questions.connection, "right_density")
    join, is_inside = density.footprint("right_density", "r.healpix_29")
    found = questions.ask_one(
        f"Rows of {left.name} in the footprint of {right.name}, and the density of that there",
        f"-- right_density: sources of {right.name} in HEALPix cells of order {density.levels[0].order}, each averaged "
        "with its neighbours; finer ones where it is crowded\n"
        f"SELECT count(*) FILTER ({is_inside}) AS left_rows, coalesce(sum({density.value}) FILTER ({is_inside}), 0) "
        f"AS per_arcsec2\nFROM {data_of(left)} r {join} {density.joins('right_density', 'r.healpix_29')}",
    )
    return Footprint(density.levels[0].order, join, is_inside, int(found["left_rows"]), float(found["per_arcsec2"]))
