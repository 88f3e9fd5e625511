-- Purpose: the candidates of one table for the leading rows, as a group takes them up: where they lie and how sharply.
-- Parameters: {measured} relation of measured.sql; {kept} condition on it; {shift} bits from healpix_29 to a cell of
--   right_density; {mean_per_arcsec2} density elsewhere; {least_variance} arcsec2.
-- Input: right_density (cell, per_arcsec2).
-- Output: left_row, own_row, right_row, sep_arcsec, d_ra, d_dec (arcsec), iaa, idd, iad (inverse of the candidate's own
--   covariance, 1/arcsec2), ln_sharp (half the logarithm of its determinant), ln_rare (minus the logarithm of the
--   density, arcsec2), odds (of the pair alone, as in weighed.sql), vaa, vdd, vad (covariance of the left row, arcsec2).
SELECT
    left_row, own_row, right_row, sep_arcsec, d_ra, d_dec,
    odd / odet AS iaa, oaa / odet AS idd, -oad / odet AS iad, -ln(odet) / 2 AS ln_sharp, ln_rare,
    exp(ln_rare - ln(2 * pi()) - ln(saa * sdd - sad * sad) / 2 - chi2 / 2) AS odds, vaa, vdd, vad
FROM (
    SELECT *, oaa * odd - oad * oad AS odet
    FROM (
        SELECT
            m.*,
            greatest(saa - vaa, {least_variance}) AS oaa, greatest(sdd - vdd, {least_variance}) AS odd,
            sad - vad AS oad, -ln(coalesce(d.per_arcsec2, {mean_per_arcsec2})) AS ln_rare
        FROM ({measured}) m
        LEFT JOIN right_density d ON d.cell = m.healpix_29 >> {shift}
        WHERE {kept}
    )
)
