"""What a validation found, in words, plots and one HTML page."""
