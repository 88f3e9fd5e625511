"""Votes of volunteers: what they say of a set of galaxies, and of a whole collection."""
