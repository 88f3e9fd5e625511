-- Purpose: where the right rows of pairs lie, cell by cell.
-- Parameters: {shift} bits from healpix_29 to a cell.
-- Input: pair_offsets (offsets.sql). Output: cell, pairs, x, y, z (mean of the unit vectors of the left rows), d_ra, d_dec
--   (medians, arcsec).
SELECT
    healpix_29 >> {shift} AS cell, count(*) AS pairs, avg(x) AS x, avg(y) AS y, avg(z) AS z, median(d_ra) AS d_ra,
    median(d_dec) AS d_dec
FROM pair_offsets
GROUP BY cell
ORDER BY cell
