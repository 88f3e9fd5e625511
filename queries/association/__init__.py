"""Associations: counterparts with probabilities, from positions, errors and motions."""

from skyband.queries.association.options import AssociationOptions, Offsets
from skyband.queries.association.run import AssociationCounts, AssociationReport, associate
from skyband.queries.association.tune import Tuning

__all__ = ["AssociationCounts", "AssociationOptions", "AssociationReport", "Offsets", "Tuning", "associate"]
