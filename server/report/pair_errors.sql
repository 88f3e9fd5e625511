-- Purpose: how well the separations of pairs are known.
-- Parameters: {measured} relation of measured.sql.
-- Input: candidates (left_row, right_row, p_match). Output: sep_arcsec, sep_sigma (normalised separation), variance_arcsec2 (mean of
--   the two coordinates), area_arcsec2 (of the error ellipse of 1 sigma, over pi), p_match.
SELECT
    m.sep_arcsec, sqrt(m.chi2) AS sep_sigma, (m.saa + m.sdd) / 2 AS variance_arcsec2, exp(m.ln_area) AS area_arcsec2,
    c.p_match
FROM ({measured}) m JOIN candidates c USING (left_row, right_row)
