-- Purpose: a relation with the unit vector of its point and the triple of bands that lies in (see schema/band_join.sql).
-- Parameters: {relation} a relation with its alias; {x}, {y}, {z} SQL of its unit vector; {radius_arcsec}; {n} a number
--   that keeps the columns of several joins apart.
-- Output: the relation's columns, __x{n}, __y{n}, __z{n}, __bx{n}, __by{n}, __bz{n}.
SELECT *, band(__x{n}, {radius_arcsec}) AS __bx{n}, band(__y{n}, {radius_arcsec}) AS __by{n},
    band(__z{n}, {radius_arcsec}) AS __bz{n}
FROM (SELECT *, {x} AS __x{n}, {y} AS __y{n}, {z} AS __z{n} FROM {relation})
