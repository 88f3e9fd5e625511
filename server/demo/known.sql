-- Purpose: objects whose class is taken to be known, or is to be found out: in every third field of the sky, or the others.
-- Parameters: {is_known} condition on `field`, the number of a field.
-- Output: object_id, class and place of one in nine of the objects of these fields.
SELECT object_id, class, ra, "dec", healpix_29
FROM (SELECT *, healpix_of(healpix_29, 2) AS field FROM classes)
WHERE {is_known} AND object_id % 9 = 0
ORDER BY healpix_29, object_id
