-- Purpose: the directions of a table's rows at another epoch: along the great circle of their motion, exact anywhere on
--   the sphere (unit vector plus velocity, normalised).
-- Parameters: {rows} relation of astrometry.sql; {lag} yr from the epoch of a row.
-- Output: id (row), x, y, z (unit vector), sa, ca, sd, cd.
(SELECT
    row AS id, sa, ca, sd, cd,
    (cd * ca - lag * (ma * sa + md * sd * ca)) / norm AS x,
    (cd * sa + lag * (ma * ca - md * sd * sa)) / norm AS y,
    (sd + lag * md * cd) / norm AS z
FROM (
    SELECT *, sqrt(1 + lag * lag * (ma * ma + md * md)) AS norm FROM (SELECT *, {lag} AS lag FROM {rows})
))
