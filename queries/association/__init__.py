"""Associations: counterparts with probabilities, from positions, errors and motions."""

from skyband.queries.association.options import AssociationOptions, Offsets
from skyband.queries.association.run import AssociationCounts, AssociationReport, associate

__all__ = ["AssociationCounts", "AssociationOptions", "AssociationReport", "Offsets", "associate"]
