-- Purpose: groups of one: each leading row that has any candidate, alone.
-- Parameters: {left} relation of astrometry.sql; {partners} relation of the (left_row, own_row) with candidates;
--   {least_variance} arcsec2.
-- Output: left_row, iaa, idd, iad (sum of the inverse covariances, 1/arcsec2), ba, bd (sum of inverse covariance times
--   place, 1/arcsec), q (sum of place times inverse covariance times place), ln_sharp, ln_rare, ln_share (sums), members.
SELECT
    left_row, odd / odet AS iaa, oaa / odet AS idd, -oad / odet AS iad, 0.0::DOUBLE AS ba, 0.0::DOUBLE AS bd,
    0.0::DOUBLE AS q, -ln(odet) / 2 AS ln_sharp, 0.0::DOUBLE AS ln_rare, 0.0::DOUBLE AS ln_share, 1 AS members
FROM (
    SELECT left_row, oaa, odd, vad AS oad, oaa * odd - vad * vad AS odet
    FROM (
        SELECT p.left_row, l.vad, greatest(l.vaa, {least_variance}) AS oaa, greatest(l.vdd, {least_variance}) AS odd
        FROM {partners} p JOIN {left} l ON l.row = p.own_row
    )
)
