-- Purpose: measured pairs with their weight of evidence (Budavari & Szalay 2008, eq. 16, for normal errors of any
--   shape; Salvato et al. 2018, section 2).
-- Parameters: {measured} relation of measured.sql; {kept} condition on it; {within} expression over it: the share of
--   true pairs that are kept; {shift} bits from healpix_29 to a cell of density; {mean_per_arcsec2} density elsewhere.
-- Input: right_density (cell, per_arcsec2).
-- Output: left_row, right_row, own_row, sep_arcsec, chi2, ln_bayes (natural logarithm of the Bayes factor), odds (of the
--   true counterpart being this one against a chance source lying there, before the share of rows with any).
SELECT
    left_row, right_row, own_row, sep_arcsec, chi2, ln_density + ln(4 * pi()) + 2 * ln(648000 / pi()) AS ln_bayes,
    exp(ln_density) / within / coalesce(d.per_arcsec2, {mean_per_arcsec2}) AS odds
FROM (
    SELECT *, -ln(2 * pi()) - ln(saa * sdd - sad * sad) / 2 - chi2 / 2 AS ln_density, {within} AS within
    FROM ({measured})
    WHERE {kept}
) m
LEFT JOIN right_density d ON d.cell = m.healpix_29 >> {shift}
