-- Purpose: the candidates of one table for the leading rows, as a group takes them up: where they lie and how sharply.
-- Parameters: {measured} relation of measured.sql; {kept} condition on it; {joins} tables of densities, by
--   m.healpix_29, and {density} over them, right rows an arcsec2; {least_variance} arcsec2;
--   {within} as in weighed.sql.
-- Output: left_row, own_row, right_row, sep_arcsec, d_ra, d_dec (arcsec), iaa, idd, iad (inverse of the candidate's own
--   covariance, 1/arcsec2), ln_sharp (half the logarithm of its determinant), ln_rare (minus the logarithm of the
--   density, arcsec2), within and odds (of the pair alone, as in weighed.sql).
SELECT
    left_row, own_row, right_row, sep_arcsec, d_ra, d_dec, within,
    odd / odet AS iaa, oaa / odet AS idd, -oad / odet AS iad, -ln(odet) / 2 AS ln_sharp, ln_rare,
    exp(ln_rare - ln(2 * pi()) - ln_area - chi2 / 2) AS odds
FROM (
    SELECT *, oaa * odd - oad * oad AS odet
    FROM (
        SELECT
            m.*,
            greatest(saa - vaa, {least_variance}) AS oaa, greatest(sdd - vdd, {least_variance}) AS odd,
            sad - vad AS oad, -ln({density}) AS ln_rare, {within} AS within
        FROM ({measured}) m
        {joins}
        WHERE {kept}
    )
)
