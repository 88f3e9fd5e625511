-- Purpose: what spectra say. A redshift comes from a fit that has chosen a class: asked for by name only.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and spectroscopic_redshift, spectroscopic_redshift_error, spectrum_median_snr,
--   velocity_dispersion_km_s, radial_velocity_km_s.
SELECT
    *, redshift AS spectroscopic_redshift, redshift_error AS spectroscopic_redshift_error,
    spectrum_snr AS spectrum_median_snr, velocity_dispersion AS velocity_dispersion_km_s,
    radial_velocity AS radial_velocity_km_s
FROM {rows}
