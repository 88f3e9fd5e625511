"""Images of galaxies to vectors: the embedded default, and any model of timm."""
