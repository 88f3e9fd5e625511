-- Purpose: how well a source is a single point that moves evenly.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and unit_weight_error, excess_noise_mas, excess_noise_snr, bp_rp_excess_factor,
--   is_parallax_solved: of a source with a G magnitude, 1 where it has a parallax, 0 where it has positions only.
SELECT
    *, ruwe AS unit_weight_error, excess_noise AS excess_noise_mas, excess_noise_significance AS excess_noise_snr,
    bp_rp_excess AS bp_rp_excess_factor,
    CASE WHEN gaia_g IS NOT NULL THEN CASE WHEN parallax IS NULL THEN 0 ELSE 1 END END AS is_parallax_solved
FROM {rows}
