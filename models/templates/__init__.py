"""Templates: spectral energy distributions that the magnitudes of sources are compared with, whatever a model says."""
