"""How good an encoder is: on labelled real pictures and on simulated galaxies it has not seen."""
