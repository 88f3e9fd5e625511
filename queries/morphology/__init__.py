"""Votes of volunteers: what they say of a set of galaxies, and of a whole collection."""

from skyband.queries.morphology.class_strings import GalaxyClass, parse_class
from skyband.queries.morphology.collection import Collection, collection_of
from skyband.queries.morphology.estimates import Estimates, estimate_votes
from skyband.queries.morphology.joining import JoinedVotes, Joining, joined_votes
from skyband.queries.morphology.neighbourhood import Neighbourhood, neighbourhood_of
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.profiles import profiles_of
from skyband.queries.morphology.regression import Score, Targets, knn_regression, leave_one_out
from skyband.queries.morphology.statistics import Cuts, Statistics, explain, statistics_sql
from skyband.queries.morphology.tree import VoteTree, load_tree, tree_names
from skyband.queries.morphology.votes import Votes
from skyband.queries.morphology.words import Interpretation, interpret

__all__ = [
    "Collection",
    "Cuts",
    "Estimates",
    "GalaxyClass",
    "Interpretation",
    "JoinedVotes",
    "Joining",
    "MorphologyOptions",
    "Neighbourhood",
    "Score",
    "Statistics",
    "Targets",
    "VoteTree",
    "Votes",
    "collection_of",
    "estimate_votes",
    "explain",
    "interpret",
    "joined_votes",
    "knn_regression",
    "leave_one_out",
    "load_tree",
    "neighbourhood_of",
    "parse_class",
    "profiles_of",
    "statistics_sql",
    "tree_names",
]
