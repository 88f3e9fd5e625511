-- Purpose: where on the sky the pairs of a match lie.
-- Parameters: {pairs} its table.
-- Output: x, y, z (mean of the unit vectors of the pairs).
SELECT avg(unit_x(ra, dec)) AS x, avg(unit_y(ra, dec)) AS y, avg(unit_z(dec)) AS z
FROM {pairs}
WHERE sep_arcsec IS NOT NULL
