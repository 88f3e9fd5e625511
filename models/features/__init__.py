"""Features: numbers about a source that a classifier sees, computed in SQL from the columns of any table."""

from skyband.models.features.groups import Feature, Group, load_groups
from skyband.models.features.options import FeatureOptions
from skyband.models.features.table import FeatureTable, facts, feature_table, matrix

__all__ = ["Feature", "FeatureOptions", "FeatureTable", "Group", "facts", "feature_table", "load_groups", "matrix"]
