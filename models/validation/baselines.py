"""Cuts that astronomers use without any model, which a model must beat on the rows where they can be made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.kinds import STELLAR, classes_of, kind_of
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Flags, Integers
from skyband.models.validation.measures import Share

_LEAST_ROWS = 20
Column = Callable[[str], Doubles | None]


@dataclass(frozen=True)
class Rated:
    """How good something is at finding a class: what is called so and is, what is so and is called so."""

    precision: Share
    recall: Share
    f1: float

    @classmethod
    def of(cls, called: Flags, true: Flags) -> Rated:
        """From flags of the same rows."""
        right, all_called, all_true = int((called & true).sum()), int(called.sum()), int(true.sum())
        return cls(Share.of(right, all_called), Share.of(right, all_true), 2 * right / max(all_called + all_true, 1))


@dataclass(frozen=True)
class Baseline:
    """A cut and the model on the same rows.

    Attributes:
        name: of the cut.
        finds: class it finds.
        source: where it is from.
        rows: on which it can be made.
        cut, model: how good each is.
        is_beaten: whether the model's F1 is higher, or both are alike.
    """

    name: str
    finds: str
    source: str
    rows: int
    cut: Rated
    model: Rated

    @property
    def is_beaten(self) -> bool:
        """Whether the model is no worse by F1."""
        return self.model.f1 >= self.cut.f1


@dataclass(frozen=True)
class _Cut:
    """A rule: rows where it can be made, rows it takes, and classes it is meant for."""

    name: str
    finds: str
    source: str
    applies: Flags
    takes: Flags
    members: Flags


def baselines(
    matrix: FeatureMatrix, called: Integers, codes: Integers, classes: Sequence[str]
) -> tuple[list[Baseline], dict[str, str]]:
    """All cuts for which there are columns and rows of the class.

    Args:
        matrix: features.
        called: likeliest class of each row.
        codes: true one.
        classes: names.

    Returns:
        The comparisons, and why other cuts could not be made, by the name of each.
    """

    def column(name: str) -> Doubles | None:
        return matrix.values[:, matrix.names.index(name)].astype(np.float64) if name in matrix.names else None

    found, missing = [], {}
    for cut in (*_quasars(column, classes), *_stars(column, classes), *_extended(column, codes, classes)):
        if isinstance(cut, tuple):
            missing[cut[0]] = cut[1]
            continue
        rows = cut.applies
        true, said = cut.members[codes[rows]], cut.members[called[rows]]
        if true.sum() < _LEAST_ROWS or (~true).sum() < _LEAST_ROWS:
            missing[cut.name] = f"fewer than {_LEAST_ROWS} rows where it can be made are {cut.finds}, or are not"
            continue
        rated = Rated.of(cut.takes[rows], true), Rated.of(said, true)
        found.append(Baseline(cut.name, cut.finds, cut.source, int(rows.sum()), *rated))
    return found, missing


def _quasars(column: Column, classes: Sequence[str]) -> Iterator[_Cut | tuple[str, str]]:
    """W1 - W2 >= 0.8 where W2 < 15.05 (Vega)."""
    name = "WISE W1 - W2 >= 0.8"
    members = np.array([kind_of(one) == "quasar" for one in classes])
    w1, w2, colour = column("w1_mag"), column("w2_mag"), column("w1_minus_w2")
    if colour is None and w1 is not None and w2 is not None:
        colour = w1 - w2
    if not members.any() or colour is None:
        yield name, "the model has no quasars" if not members.any() else "its features have no W1 - W2"
        return
    applies = ~np.isnan(colour) & (True if w2 is None else w2 < 15.05)
    where = "" if w2 is None else ", W2 < 15.05"
    yield _Cut(
        name + where, "quasar", "Stern et al. 2012, ApJ 753, 30", applies, np.nan_to_num(colour, nan=-9) >= 0.8, members
    )


def _stars(column: Column, classes: Sequence[str]) -> Iterator[_Cut | tuple[str, str]]:
    """White dwarfs, giants and the main sequence in Gaia's colour-magnitude diagram."""
    kinds = [kind_of(one) for one in classes]
    absolute, colour = column("absolute_g_mag"), column("bp_minus_rp")
    names = {
        "white dwarf": "Gaia M_G > 5.93 + 5.047 (BP - RP)",
        "giant": "Gaia M_G < 3.5, BP - RP > 0.95",
        "star": "Gaia between giants and white dwarfs",
    }
    if absolute is None or colour is None:
        lacks = "its features have no absolute G magnitude and BP - RP"
        yield from ((name, lacks) for kind, name in names.items() if kind in kinds)
        return
    applies = ~np.isnan(absolute) & ~np.isnan(colour)
    with np.errstate(invalid="ignore"):
        # Density contours of the Gaia diagram below which nearly all is a white dwarf.
        white = (absolute > 5) & (absolute > 5.93 + 5.047 * colour) & (colour < 1.7)
        white &= absolute > 6 * colour**3 - 21.77 * colour**2 + 27.91 * colour + 0.897
        giant = (absolute < 3.5) & (colour > 0.95)
    takes = {"white dwarf": white, "giant": giant, "star": ~white & ~giant}
    sources = {
        "white dwarf": "Gentile Fusillo et al. 2019, MNRAS 482, 4570",
        "giant": "box around the giant branch of Gaia Collaboration, Babusiaux et al. 2018, A&A 616, A10",
        "star": "all that the two other cuts leave",
    }
    for kind, name in names.items():
        if kind in kinds and len(set(kinds) & set(STELLAR)) > 1:
            members = np.array([one == kind for one in kinds])
            yield _Cut(name, kind, sources[kind], applies, takes[kind], members)


def _extended(column: Column, codes: Integers, classes: Sequence[str]) -> Iterator[_Cut | tuple[str, str]]:
    """Galaxies by their extent, among galaxies and stars."""
    excess, flag = column("psf_minus_model_r"), column("is_extended_optical")
    members, stars = classes_of(classes, "galaxy"), classes_of(classes, "star")
    name = "PSF - model magnitude (r) > 0.145" if excess is not None else "extended in the optical"
    if not members.any() or not stars.any():
        yield name, "the model does not tell galaxies from stars"
        return
    value, limit = (excess, 0.145) if excess is not None else (flag, 0.5)
    if value is None:
        yield name, "its features have no PSF and model magnitudes"
        return
    applies = ~np.isnan(value) & (members | stars)[codes]
    source = "SDSS photometric pipeline, Stoughton et al. 2002, AJ 123, 485"
    yield _Cut(name, "galaxy (among galaxies and stars)", source, applies, np.nan_to_num(value) > limit, members)
