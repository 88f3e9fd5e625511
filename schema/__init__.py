"""What the sky is made of: settings, errors, units, survey definitions, the store and its SQL."""
