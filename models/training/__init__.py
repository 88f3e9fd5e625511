"""Training of the embedded default encoder on simulated galaxies."""
