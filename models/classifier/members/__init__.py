"""The models an ensemble is made of, behind one small interface."""
