"""Simulated galaxies: what they are (parameters), what they look like (render) and how surveys see them (observe)."""
