"""Histograms of pairs: separations, normalised separations, probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from skyband.queries.crossmatch import Find
from skyband.server.report.chance import ChanceLevel
from skyband.server.report.errors import PairErrors
from skyband.server.report.expected import lone_rows
from skyband.server.report.questions import Questions, Unknown, sampled_one_in, sql_of
from skyband.server.report.subject import Subject

_BINS = 60
_LEAST_RANGE_ARCSEC = 1e-3
_SIGMA_RANGE = 6.0
_PROBABILITY_BINS = 50


@dataclass(frozen=True, slots=True)
class Histogram:
    """Pairs in bins; lists of length n for n + 1 edges."""

    edges: list[float]
    pairs: list[int]
    elsewhere: int  # pairs outside the edges
    wrong: list[float] | None = None  # expected number of wrong ones among them; None where nothing tells
    random: list[float] | None = None  # what shifted or random positions would find there
    true: list[float] | None = None  # how the errors say the true ones lie


@dataclass(frozen=True, slots=True)
class Extent:
    """How many pairs there are and how far apart."""

    pairs: int
    closest_arcsec: float
    median_arcsec: float  # of the rows in the sample
    farthest_arcsec: float
    top_arcsec: float  # 99.5 % of the sample are closer
    one_in: int  # so many rows one is in the sample


def extent_of(questions: Questions, subject: Subject, sample_rows: int) -> Extent:
    """How far apart the pairs of a match, which lists some, are."""
    one_in = sampled_one_in(subject.info.rows, sample_rows)
    query = sql_of("extent", pairs=subject.rows, one_in=str(one_in))
    found = questions.ask_one("Pairs and their separations", query)
    median, top = found["quantiles_arcsec"] or (found["closest_arcsec"], found["farthest_arcsec"])
    return Extent(found["pairs"], found["closest_arcsec"], median, found["farthest_arcsec"], top, one_in)


def separations(
    questions: Questions,
    subject: Subject,
    extent: Extent,
    chance: ChanceLevel | Unknown,
    errors: PairErrors | Unknown,
) -> Histogram:
    """Pairs by separation, arcsec, with the level of chance and how the errors say the true ones lie."""
    top = subject.radius_arcsec or max(1.2 * extent.top_arcsec, _LEAST_RANGE_ARCSEC)
    found = _histogram(questions, subject, "sep_arcsec", top, _BINS)
    edges = np.array(found.edges)
    if isinstance(errors, PairErrors):
        found = replace(found, true=errors.true_separations(edges).tolist())
    if isinstance(chance, Unknown):
        return found
    found = replace(found, random=chance.pairs(edges).tolist())
    if subject.is_association:
        return found
    lone = lone_rows(subject, chance) / chance.rows
    wrong = chance.pairs(edges) if subject.find is Find.ALL else lone * chance.nearest(edges)
    return replace(found, wrong=wrong.tolist())


def sigmas(
    questions: Questions,
    subject: Subject,
    extent: Extent,
    chance: ChanceLevel | Unknown,
    errors: PairErrors | Unknown,
) -> Histogram | Unknown:
    """Pairs of an association by normalised separation, with the level of chance, and how the errors say the true ones
    lie: as Rayleigh has it, which a number of sigma cuts off and a radius hardly does."""
    if not subject.is_association:
        return Unknown("a plain match knows no errors, so separations cannot be normalised")
    if subject.is_of_groups and isinstance(errors, Unknown):  # their table has no normalised separations
        return errors
    n_sigma = subject.options.get("n_sigma")
    top = min(n_sigma or _SIGMA_RANGE, _SIGMA_RANGE)
    pairs = "pair_errors" if subject.is_of_groups else subject.pairs
    found = _histogram(questions, subject, "sep_sigma", top, _BINS, pairs)
    true_pairs = extent.pairs - _wrong_pairs(questions, subject)
    within = -math.expm1(-(n_sigma**2) / 2) if n_sigma else 1.0
    rayleigh = -true_pairs / within * np.diff(np.exp(-(np.array(found.edges) ** 2) / 2))
    found = replace(found, true=rayleigh.tolist())
    if isinstance(errors, PairErrors) and isinstance(chance, ChanceLevel):
        found = replace(found, random=errors.chance_sigmas(np.array(found.edges), chance).tolist())
    return found


def probabilities(questions: Questions, subject: Subject) -> Histogram | Unknown:
    """Pairs of an association by the probability that they are true."""
    if not subject.is_association:
        return Unknown("a plain match has no probabilities")
    return _histogram(questions, subject, "p_match", 1.0, _PROBABILITY_BINS)


def _wrong_pairs(questions: Questions, subject: Subject) -> float:
    query = f"SELECT sum(1 - p_match) AS wrong\nFROM {subject.pairs}\nWHERE sep_arcsec IS NOT NULL"
    return float(questions.ask_one("Wrong pairs by the probabilities", query)["wrong"])


def _histogram(
    questions: Questions, subject: Subject, value: str, top: float, bins: int, pairs_of: str = ""
) -> Histogram:
    query = sql_of(
        "histogram",
        pairs=pairs_of or subject.pairs,
        value=value,
        top=f"{top!r}::DOUBLE",
        bins=str(bins),
        wrong="1 - p_match" if subject.is_association else "NULL",
    )
    found = questions.ask(f"Histogram of {value}", query)
    pairs, wrong = [0] * (bins + 1), [0.0] * (bins + 1)
    for row in found.to_pylist():
        # Elsewhere is the last: its bin is -1.
        pairs[row["bin"]], wrong[row["bin"]] = row["pairs"], row["wrong"] or 0.0
    edges = np.linspace(0, top, bins + 1).tolist()
    return Histogram(edges, pairs[:-1], pairs[-1], wrong[:-1] if subject.is_association else None)
