-- Purpose: parallax and absolute magnitude, with errors.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and
--   parallax_mas, parallax_error_mas, parallax_snr (parallax over its error);
--   absolute_g_mag = G + 5 log10(parallax / mas) - 10 and absolute_g_error_mag (of the parallax alone), only where
--   parallax_snr > 5: below, the logarithm is biased (Lutz & Kelker 1973, PASP 85, 573);
--   luminosity_g = parallax 10^(G / 5 - 2) = 10^(0.2 M_G), the astrometry-based luminosity (Arenou & Luri 1999, ASP
--   Conf. 167, 13), linear in the parallax and so of use at any error and sign, and luminosity_g_error.
SELECT
    *,
    CASE WHEN parallax_snr > 5 THEN gaia_g + 5 * log10(greatest(parallax, 1e-9)) - 10 END AS absolute_g_mag,
    CASE WHEN parallax_snr > 5 AND gaia_g IS NOT NULL THEN 2.1714724095162592 / parallax_snr END AS absolute_g_error_mag,
    parallax * pow(10, gaia_g / 5 - 2) AS luminosity_g,
    parallax_error * pow(10, gaia_g / 5 - 2) AS luminosity_g_error
FROM (
    SELECT
        *, parallax AS parallax_mas, parallax_error AS parallax_error_mas,
        parallax / nullif(parallax_error, 0) AS parallax_snr
    FROM {rows}
)
