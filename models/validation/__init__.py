"""How good a classifier is, where, and why: on rows it had not learnt from."""
