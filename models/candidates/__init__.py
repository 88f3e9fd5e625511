"""Candidates for spectroscopy: rare objects of a scored table, and those whose label would teach a model most."""
