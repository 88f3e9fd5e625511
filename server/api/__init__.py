"""Endpoints beside TAP: cones, SQL, table descriptions, coverage."""
