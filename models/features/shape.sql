-- Purpose: how much larger than a point a source is.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and
--   psf_minus_model_<band> (mag): light outside a point-source profile, 0 for a star;
--   is_extended_<survey> (0 or 1); half_light_radius_arcsec; concentration (R90 / R50: 2.3 for an exponential disc,
--   3.3 for a de Vaucouleurs profile); axis_ratio_b_a; surface_brightness_r (mag/arcsec2 inside the half-light radius);
--   gaia_g_minus_model_r (mag): Gaia sees the core of a galaxy alone.
SELECT
    *,
    psf_u - model_u AS psf_minus_model_u, psf_g - model_g AS psf_minus_model_g, psf_r - model_r AS psf_minus_model_r,
    psf_i - model_i AS psf_minus_model_i, psf_z - model_z AS psf_minus_model_z, psf_y - model_y AS psf_minus_model_y,
    extended_optical AS is_extended_optical, extended_nir AS is_extended_nir, extended_mir AS is_extended_mir,
    half_light_radius AS half_light_radius_arcsec,
    radius_90 / nullif(half_light_radius, 0) AS concentration,
    axis_ratio AS axis_ratio_b_a,
    model_r + 2.5 * log10(2 * pi() * pow(nullif(half_light_radius, 0), 2)) AS surface_brightness_r,
    gaia_g - model_r AS gaia_g_minus_model_r
FROM {rows}
