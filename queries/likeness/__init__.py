"""Collections of vectors and the search for likeness in them."""
