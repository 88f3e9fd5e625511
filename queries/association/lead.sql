-- Purpose: groups of one: each leading row that has any candidate, alone.
-- Parameters: {left} relation of astrometry.sql; {partners} relation of the (left_row, own_row) with candidates;
--   {least_variance} arcsec2.
-- Output: left_row; of that row lead_iaa, lead_idd, lead_iad (inverse of its covariance, 1/arcsec2) and lead_ln_sharp
--   (half the logarithm of the determinant); of the members beside it, sums: iaa, idd, iad (1/arcsec2), ba, bd (inverse
--   covariance times place, 1/arcsec), q (place times inverse covariance times place), ln_sharp, ln_rare, ln_share,
--   ln_seen, ln_unseen; ln_first (logarithm of how many objects an arcsec2, as the rarest member has it); members.
SELECT
    left_row, odd / odet AS lead_iaa, oaa / odet AS lead_idd, -oad / odet AS lead_iad, -ln(odet) / 2 AS lead_ln_sharp,
    0.0::DOUBLE AS iaa, 0.0::DOUBLE AS idd, 0.0::DOUBLE AS iad, 0.0::DOUBLE AS ba, 0.0::DOUBLE AS bd, 0.0::DOUBLE AS q,
    0.0::DOUBLE AS ln_sharp, 0.0::DOUBLE AS ln_rare, 0.0::DOUBLE AS ln_share, 0.0::DOUBLE AS ln_seen,
    0.0::DOUBLE AS ln_unseen, 'inf'::DOUBLE AS ln_first, 0 AS members
FROM (
    SELECT left_row, oaa, odd, vad AS oad, oaa * odd - vad * vad AS odet
    FROM (
        SELECT p.left_row, l.vad, greatest(l.vaa, {least_variance}) AS oaa, greatest(l.vdd, {least_variance}) AS odd
        FROM {partners} p JOIN {left} l ON l.row = p.own_row
    )
)
