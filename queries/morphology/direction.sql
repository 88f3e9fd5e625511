-- Purpose: the mean of the unit vectors of positions.
-- Parameters: {positions} relation of (ra, dec), degrees.
-- Output: n, x, y, z.
SELECT count(*) AS n, avg(unit_x(ra, dec)) AS x, avg(unit_y(ra, dec)) AS y, avg(unit_z(dec)) AS z
FROM {positions} WHERE isfinite(ra) AND isfinite(dec)
