"""How well the separations of pairs are known, and what that makes of true and of chance pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from skyband.queries.association.established import established_by
from skyband.queries.association.measure import measured_sql
from skyband.queries.association.pairing import read_sides
from skyband.queries.association.tune import correction_of
from skyband.queries.crossmatch.meeting import arrange
from skyband.schema.faults import duckdb_faults
from skyband.schema.healpix import Doubles
from skyband.schema.keys import numbered_rows
from skyband.schema.names import quote
from skyband.schema.store import Store
from skyband.server.report.chance import ChanceLevel
from skyband.server.report.questions import Questions, Unknown, sampled_one_in, sql_of
from skyband.server.report.subject import Subject

_CURVE_PAIRS = 20_000
"""Pairs from whose errors a curve is made."""


@dataclass(frozen=True, slots=True)
class PairErrors:
    """Errors of a sample of pairs, which are all in the temporary table `pair_errors` (pair_errors.sql)."""

    one_in: int  # so many pairs one is in the table
    true_pairs: float  # of the match, by the probabilities
    variance_arcsec2: Doubles  # mean of the two coordinates, shape (n,)
    area_arcsec2: Doubles  # of the error ellipse of 1 sigma, over pi
    weight: Doubles  # probability that the pair is true
    radius_arcsec: float  # where pairs are cut off; infinite where sigmas are
    n_sigma: float  # the other way round

    def true_separations(self, edges_arcsec: Doubles) -> Doubles:
        """True pairs expected in rings between separations, shape (m,) for m + 1 edges, if errors are normal and
        right: Rayleigh's curve of each pair, ending where the match ended."""
        most = np.minimum(self.radius_arcsec**2 / self.variance_arcsec2, self.n_sigma**2)
        share = np.zeros(len(edges_arcsec))
        for place, edge in enumerate(edges_arcsec):
            reached = np.minimum(edge**2 / self.variance_arcsec2, most)
            share[place] = (self.weight * np.expm1(-reached / 2) / np.expm1(-most / 2)).sum()
        found: Doubles = self.true_pairs * np.diff(share) / max(float(self.weight.sum()), 1e-300)
        return found

    def chance_sigmas(self, edges: Doubles, chance: ChanceLevel) -> Doubles:
        """Chance pairs expected between normalised separations, shape (m,) for m + 1 edges: as many as fit into the
        error ellipses, inside the radius."""
        reached = [np.minimum(edge**2 * self.area_arcsec2, self.radius_arcsec**2).mean() for edge in edges]
        found: Doubles = math.pi * chance.per_arcsec2 * np.diff(reached)
        return found


def measure_errors(questions: Questions, subject: Subject, store: Store, sample_rows: int) -> PairErrors | Unknown:
    """The errors of the pairs of an association, measured again from the rows of both tables as it measured them."""
    if not subject.is_association:
        return Unknown("a plain match knows no errors, so separations cannot be normalised")
    if fault := subject.absent(subject.left, subject.right):
        return Unknown(fault)
    left, right = subject.left.now, subject.right.now
    assert left is not None and right is not None
    connection, options, found = questions.connection, subject.options, established_by(subject.info)
    tuning = found.tunings[right.name]
    with duckdb_faults("the report failed"):
        sides = read_sides(connection, store, found, (left, right))
        meeting = arrange(connection, *sides, epoch=options.get("epoch")).scaled(tuning.error_scale)
        displacement = correction_of(connection, tuning, found.offsets)
    one_in = sampled_one_in(subject.info.rows, sample_rows)
    taken = f" AND p.rowid % {one_in} = 0" if one_in > 1 else ""
    left_id, right_id = map(quote, subject.id_names)
    questions.keep(
        "Rows of the pairs",
        f"SELECT l.row AS left_row, r.row AS right_row, p.p_match\nFROM {subject.rows} p "
        f"JOIN {numbered_rows(left)} l ON l.id = p.{left_id} JOIN {numbered_rows(right)} r ON r.id = p.{right_id}\n"
        f"WHERE p.sep_arcsec IS NOT NULL{taken}",
        "candidates",
    )
    measured = measured_sql(meeting, floor_arcsec=tuning.floor_arcsec, correction=displacement)
    questions.keep("Errors of the pairs", sql_of("pair_errors", measured=measured), "pair_errors")
    true = questions.ask_one(
        "True pairs by the probabilities",
        f"SELECT sum(p_match) AS pairs\nFROM {subject.pairs}\nWHERE sep_arcsec IS NOT NULL",
    )["pairs"]
    curve = questions.ask(
        "Errors for the curves",
        "SELECT variance_arcsec2, area_arcsec2, p_match FROM pair_errors "
        f"WHERE rowid % greatest((SELECT count(*) FROM pair_errors) // {_CURVE_PAIRS}, 1) = 0",
    )
    if not len(curve):
        return Unknown("the rows of the pairs are not found")
    return PairErrors(
        one_in=one_in,
        true_pairs=float(true),
        variance_arcsec2=curve["variance_arcsec2"].to_numpy(),
        area_arcsec2=curve["area_arcsec2"].to_numpy(),
        weight=curve["p_match"].to_numpy(),
        radius_arcsec=options.get("radius_arcsec") or math.inf,
        n_sigma=options.get("n_sigma") or math.inf,
    )
