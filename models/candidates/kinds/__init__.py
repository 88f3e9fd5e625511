"""Kinds of rare objects: `<kind>.toml` says what one is and what it takes, `<kind>.sql` which rows are, and why.

A new kind is two new files; every kind of this folder is offered by `skyband candidates`. The fields of the TOML file
are those of `models/candidates/kind.py`; the SQL file selects from `{rows}`, one row a source, which has

- `id`, `ra`, `dec` (deg), `class`, `p_max`, `entropy`, `disagreement`, `safety` of the scores;
- `p`, and others named by `classes`: probabilities of classes;
- the features in `needs`, `needs_one` and `uses`, and of magnitudes among them the errors: NULL where missing;

and adds `score` (0 to 1, how sure it is) and `reasons` (why, in words). Its macros are those of `macros.sql`.
"""
