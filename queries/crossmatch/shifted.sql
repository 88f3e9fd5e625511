-- Purpose: a sample of a table, each position moved along great circles in {shifts} evenly spread directions.
-- Parameters: {left} a relation with (id, ra, dec); {one_in} one row in so many is taken; {shift_arcsec} arcsec.
-- Output: id (number of the shifted position), x, y, z (unit vector).
SELECT
    row_number() OVER () AS id,
    cos(step) * unit_x(ra, dec)
        + sin(step) * (-cos(turn) * sin(radians(dec)) * cos(radians(ra)) - sin(turn) * sin(radians(ra))) AS x,
    cos(step) * unit_y(ra, dec)
        + sin(step) * (-cos(turn) * sin(radians(dec)) * sin(radians(ra)) + sin(turn) * cos(radians(ra))) AS y,
    cos(step) * unit_z(dec) + sin(step) * cos(turn) * cos(radians(dec)) AS z
FROM (
    SELECT ra, dec, radians({shift_arcsec} / 3600.0) AS step, 2 * pi() * number / {shifts} AS turn
    FROM {left}, range({shifts}) AS shift(number)
    WHERE hash(id) % {one_in} = 0
)
