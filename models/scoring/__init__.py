"""Classifiers over tables: trained on labelled ones, scored into new columns of any."""
