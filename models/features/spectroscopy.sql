-- Purpose: what spectra say. A redshift comes from a fit that has chosen a class: asked for by name only.
--   Luminosities are of a flat universe with Omega_m = 0.3 and H0 = 70 km/s/Mpc, by the formula of Pen (1999, ApJS 120,
--   49), good to 0.4 %, from redshifts that are more than motions in the Galaxy. Its numbers: -0.1540 s, 0.4304 s2,
--   0.19097 s3 and 0.066941 s4 with s3 = 0.7 / 0.3; their sum with 1, to the power -1/8; 2 c / H0 / sqrt(0.3) in 10 pc.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and spectroscopic_redshift, spectroscopic_redshift_error, log_redshift, luminosity_r
--   (absolute magnitude, mag), spectrum_median_snr, velocity_dispersion_km_s, radial_velocity_km_s.
SELECT
    *, redshift AS spectroscopic_redshift, redshift_error AS spectroscopic_redshift_error,
    log10(CASE WHEN redshift < 1e-5 THEN 1e-5 ELSE redshift END) AS log_redshift,
    CASE WHEN redshift > 0.003 THEN r - 5 * log10(1.5638388e+09 * (1 + redshift) * (0.905852224 - pow(
        pow(1 + redshift, 4) - 0.204258270 * pow(1 + redshift, 3) + 0.757164284 * pow(1 + redshift, 2)
        + 0.445596667 * (1 + redshift) + 0.207170498, -0.125))) END AS luminosity_r,
    spectrum_snr AS spectrum_median_snr, velocity_dispersion AS velocity_dispersion_km_s,
    radial_velocity AS radial_velocity_km_s
FROM {rows}
