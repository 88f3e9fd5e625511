-- Purpose: directions moved along great circles in {directions} evenly spread position angles.
-- Parameters: {points} relation of (id, x, y, z, sa, ca, sd, cd): unit vector, sines and cosines of ra and dec;
--   {rows} rows of the table; {shift_arcsec} arcsec.
-- Output: id (number of the shifted direction, {rows} and above), x, y, z (unit vector).
(SELECT
    {rows} + id * {directions} + number AS id,
    cos(step) * x - sin(step) * (cos(turn) * sd * ca + sin(turn) * sa) AS x,
    cos(step) * y - sin(step) * (cos(turn) * sd * sa - sin(turn) * ca) AS y,
    cos(step) * z + sin(step) * cos(turn) * cd AS z
FROM (
    SELECT *, radians({shift_arcsec} / 3600.0) AS step, 2 * pi() * number / {directions} AS turn
    FROM {points}, range({directions}) AS direction(number)
))
