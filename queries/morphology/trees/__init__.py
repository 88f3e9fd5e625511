"""Decision trees of Galaxy Zoo projects, a TOML file each; `queries/morphology/tree.py` says what the keys mean."""
