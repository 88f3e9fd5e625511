-- Purpose: where the rows of a table are, how they move, and how well that is known.
-- Parameters: {rows} relation with the columns named below as sources; {where} condition on it; expressions over it:
--   {epoch} of the position, yr, and {epoch_error} of that, 1 sigma; {pmra}, {pmdec} mas/yr, NULL where unknown; {var_ra}, {var_dec}, {cov} of the position
--   along the great circles east and north, mas2; {var_pmra}, {var_pmdec} of the motion, mas2/yr2; {motion} mas/yr, what
--   a row without a known motion may move in each coordinate.
-- Output: row, healpix_29, sin and cos of ra and dec (sa, ca, sd, cd), epoch, epoch_error (yr), ma, md (motion east and north,
--   rad/yr), vaa, vdd, vad (covariance at the epoch, arcsec2), waa, wdd (its growth, arcsec2/yr2).
(SELECT
    row, healpix_29, sin(radians(ra)) AS sa, cos(radians(ra)) AS ca, sin(radians(dec)) AS sd, cos(radians(dec)) AS cd,
    ({epoch})::DOUBLE AS epoch, ({epoch_error})::DOUBLE AS epoch_error,
    coalesce(CASE WHEN pm_known THEN {pmra} END, 0) * (pi() / 648000e3) AS ma,
    coalesce(CASE WHEN pm_known THEN {pmdec} END, 0) * (pi() / 648000e3) AS md,
    ({var_ra}) / 1e6 AS vaa, ({var_dec}) / 1e6 AS vdd, ({cov}) / 1e6 AS vad,
    CASE WHEN pm_known THEN {var_pmra} ELSE {motion} * {motion} END / 1e6 AS waa,
    CASE WHEN pm_known THEN {var_pmdec} ELSE {motion} * {motion} END / 1e6 AS wdd
FROM (SELECT *, ({pmra}) IS NOT NULL AND ({pmdec}) IS NOT NULL AND isfinite({pmra}) AND isfinite({pmdec}) AS pm_known FROM {rows})
WHERE {where})
