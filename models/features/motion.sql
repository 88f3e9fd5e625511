-- Purpose: proper motion, its significance, reduced proper motion and velocity across the sky.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and
--   pm_mas_yr, pm_error_mas_yr (along the motion); pm_snr = sqrt((pmra/e)^2 + (pmdec/e)^2), which is Rayleigh
--   distributed for a source that does not move;
--   reduced_pm_<band>_mag = m + 5 log10(pm / arcsec/yr) + 5 (Luyten 1922), only where pm_snr > 3;
--   tangential_velocity_km_s = 4.740470463 pm / parallax, only where the parallax is above 5 sigma.
SELECT
    *,
    CASE WHEN pm_snr > 3 THEN gaia_g + 5 * log10(greatest(pm_mas_yr, 1e-9)) - 10 END AS reduced_pm_g_mag,
    CASE WHEN pm_snr > 3 THEN r + 5 * log10(greatest(pm_mas_yr, 1e-9)) - 10 END AS reduced_pm_r_mag,
    CASE WHEN pm_snr > 3 THEN j + 5 * log10(greatest(pm_mas_yr, 1e-9)) - 10 END AS reduced_pm_j_mag,
    CASE WHEN pm_snr > 3 THEN w1 + 5 * log10(greatest(pm_mas_yr, 1e-9)) - 10 END AS reduced_pm_w1_mag,
    CASE WHEN parallax > 5 * parallax_error THEN 4.740470463 * pm_mas_yr / nullif(parallax, 0) END
    AS tangential_velocity_km_s
FROM (
    SELECT
        *, sqrt(pmra * pmra + pmdec * pmdec) AS pm_mas_yr,
        sqrt(pow(pmra * pmra_error, 2) + pow(pmdec * pmdec_error, 2)) / nullif(sqrt(pmra * pmra + pmdec * pmdec), 0)
        AS pm_error_mas_yr,
        sqrt(pow(pmra / nullif(pmra_error, 0), 2) + pow(pmdec / nullif(pmdec_error, 0), 2)) AS pm_snr
    FROM {rows}
)
