-- Purpose: a sample of a table, each position moved along great circles in {directions} evenly spread directions.
-- Parameters: {table} relation of (row, ra, dec, healpix_29); {where} condition on its columns; {rows} rows in it;
--   {one_in} one row in so many is taken; {shift_arcsec} arcsec.
-- Output: id (number of the shifted position, {rows} and above), x, y, z (unit vector).
(SELECT
    {rows} + row * {directions} + number AS id,
    cos(step) * unit_x(ra, dec)
        + sin(step) * (-cos(turn) * sin(radians(dec)) * cos(radians(ra)) - sin(turn) * sin(radians(ra))) AS x,
    cos(step) * unit_y(ra, dec)
        + sin(step) * (-cos(turn) * sin(radians(dec)) * sin(radians(ra)) + sin(turn) * cos(radians(ra))) AS y,
    cos(step) * unit_z(dec) + sin(step) * cos(turn) * cos(radians(dec)) AS z
FROM (
    SELECT row, number, ra, dec, radians({shift_arcsec} / 3600.0) AS step, 2 * pi() * number / {directions} AS turn
    FROM {table}, range({directions}) AS direction(number)
    WHERE row % {one_in} = 0 AND {where}
))
