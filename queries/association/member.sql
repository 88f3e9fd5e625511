-- Purpose: a member of an object beside the leading row: where it puts the object, and how sharply.
-- Parameters: {measured} relation of measured.sql; {least_variance} arcsec2.
-- Output: left_row, d_ra, d_dec (arcsec), iaa, idd, iad (inverse of the member's own covariance, 1/arcsec2), l_ea, l_ed
--   (of measured.sql: the epoch's error of the leading row is that row's own, not the member's).
SELECT left_row, d_ra, d_dec, odd / odet AS iaa, oaa / odet AS idd, -oad / odet AS iad, l_ea, l_ed
FROM (
    SELECT *, oaa * odd - oad * oad AS odet
    FROM (
        SELECT
            *, greatest(saa - vaa - l_ea * l_ea, {least_variance}) AS oaa,
            greatest(sdd - vdd - l_ed * l_ed, {least_variance}) AS odd,
            -- Errors whose correlation is 1 make a line of an ellipse; it stays an ellipse.
            sqrt(oaa * odd) * (1 - 1e-9) AS most, greatest(least(sad - vad - l_ea * l_ed, most), -most) AS oad
        FROM ({measured})
    )
)
