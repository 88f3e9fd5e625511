-- Purpose: the directions of rows at an epoch, along the great circle of their motion.
-- Parameters: {rows} relation of (id, ra, dec, epoch, pmra, pmdec), degrees, Julian years and mas/yr; {epoch} Julian year.
-- Output: id, x, y, z (unit vector).
SELECT
    id, (cd * ca - ma * sa - md * sd * ca) / norm AS x, (cd * sa + ma * ca - md * sd * sa) / norm AS y,
    (sd + md * cd) / norm AS z
FROM (
    SELECT *, sqrt(1 + ma * ma + md * md) AS norm
    FROM (
        SELECT
            id, sin(radians(ra)) AS sa, cos(radians(ra)) AS ca, sin(radians(dec)) AS sd, cos(radians(dec)) AS cd,
            coalesce({epoch} - epoch, 0) * radians(pmra / 3600e3) AS ma,
            coalesce({epoch} - epoch, 0) * radians(pmdec / 3600e3) AS md
        FROM {rows}
    )
)
