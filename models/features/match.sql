-- Purpose: how good the match of the surveys is, and in how many bands a source was measured.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and p_match_is_right, p_any_counterpart, ln_bayes_factor, position_chi_square,
--   possible_counterparts, largest_separation_arcsec, bands_measured and those of them in the optical, near and mid
--   infrared and of Gaia.
SELECT
    *, match_probability AS p_match_is_right, counterpart_probability AS p_any_counterpart, ln_bayes AS ln_bayes_factor,
    position_chi2 AS position_chi_square, neighbours AS possible_counterparts, separation AS largest_separation_arcsec,
    bands_optical + bands_nir + bands_mir + bands_gaia AS bands_measured
FROM (
    SELECT
        *,
        (u IS NOT NULL)::INT + (g IS NOT NULL)::INT + (r IS NOT NULL)::INT + (i IS NOT NULL)::INT
        + (z IS NOT NULL)::INT + (y IS NOT NULL)::INT AS bands_optical,
        (j IS NOT NULL)::INT + (h IS NOT NULL)::INT + (k IS NOT NULL)::INT AS bands_nir,
        (w1 IS NOT NULL)::INT + (w2 IS NOT NULL)::INT + (w3 IS NOT NULL)::INT + (w4 IS NOT NULL)::INT AS bands_mir,
        (gaia_g IS NOT NULL)::INT + (bp IS NOT NULL)::INT + (rp IS NOT NULL)::INT AS bands_gaia
    FROM {rows}
)
