-- Purpose: where the right rows of pairs lie as a whole.
-- Input: pair_offsets (offsets.sql). Output: pairs, median_ra_arcsec, median_dec_arcsec, sigma_ra_arcsec,
--   sigma_dec_arcsec (half the width of the middle 68.3 %), differs_arcsec (median difference from the separation of the
--   match).
SELECT
    count(*) AS pairs, median(d_ra) AS median_ra_arcsec, median(d_dec) AS median_dec_arcsec,
    (quantile_cont(d_ra, 0.84135) - quantile_cont(d_ra, 0.15865)) / 2 AS sigma_ra_arcsec,
    (quantile_cont(d_dec, 0.84135) - quantile_cont(d_dec, 0.15865)) / 2 AS sigma_dec_arcsec,
    median(abs(sqrt(d_ra * d_ra + d_dec * d_dec) - sep_arcsec)) AS differs_arcsec
FROM pair_offsets
