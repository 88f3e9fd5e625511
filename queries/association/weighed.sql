-- Purpose: measured pairs with their weight of evidence (Budavari & Szalay 2008, eq. 16, for normal errors of any
--   shape; Salvato et al. 2018, section 2).
-- Parameters: {measured} relation of measured.sql; {kept} condition on it; {within} expression over it: the share of the
--   counterparts of such a left row that lie within reach; {joins} tables of densities, by m.healpix_29, and {density}
--   over them: right rows an arcsec2.
-- Output: left_row, right_row, own_row, sep_arcsec, chi2, ln_bayes (natural logarithm of the Bayes factor), within,
--   ln_odds and odds (of the true counterpart lying just here against a chance source lying there, before the share of
--   rows with a counterpart).
SELECT
    left_row, right_row, own_row, sep_arcsec, chi2, ln_density + ln(4 * pi()) + 2 * ln(648000 / pi()) AS ln_bayes, within,
    ln_density - ln({density}) AS ln_odds, exp(ln_density - ln({density})) AS odds
FROM (
    SELECT *, -ln(2 * pi()) - ln_area - chi2 / 2 AS ln_density, {within} AS within
    FROM ({measured})
    WHERE {kept}
) m
{joins}
