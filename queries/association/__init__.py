"""Associations: counterparts with probabilities, from positions, errors and motions."""

from skyband.queries.association.calibrate import Calibration, Cut
from skyband.queries.association.doubts import doubts_about, not_fitted
from skyband.queries.association.many import GroupCounts, GroupReport, associate_many
from skyband.queries.association.options import AssociationOptions, Offsets
from skyband.queries.association.run import AssociationCounts, AssociationReport, associate
from skyband.queries.association.tune import Tuning

__all__ = [
    "AssociationCounts",
    "AssociationOptions",
    "AssociationReport",
    "Calibration",
    "Cut",
    "GroupCounts",
    "GroupReport",
    "Offsets",
    "Tuning",
    "associate",
    "associate_many",
    "doubts_about",
    "not_fitted",
]
