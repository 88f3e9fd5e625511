-- Purpose: how far the right row of each pair lies from the left one, at the epoch of the pair.
-- Parameters: {pairs} relation of (left_id, right_id, sep_arcsec); {left}, {right} relations of (id, ra, dec,
--   healpix_29, epoch, pmra, pmdec), degrees, Julian years and mas/yr, 0 for rows that do not move; {epoch} expression
--   over them as l and r: Julian year at which a pair was compared, NULL for each at its own.
-- Output: healpix_29, x, y, z (unit vector) of the left row, sep_arcsec of the match, d_ra, d_dec (right less left along great circles east
--   and north at the left row, arcsec). Along the motion a row goes on its great circle: unit vector plus velocity,
--   normalised.
SELECT
    healpix_29, cd * ca AS x, cd * sa AS y, sd AS z, sep_arcsec, (dy * ca - dx * sa) * 206264.80624709636 AS d_ra,
    (dz * cd - (dx * ca + dy * sa) * sd) * 206264.80624709636 AS d_dec
FROM (
    SELECT
        healpix_29, sep_arcsec, sa, ca, sd, cd,
        (r_cd * r_ca - r_ma * r_sa - r_md * r_sd * r_ca) / r_norm - (cd * ca - ma * sa - md * sd * ca) / norm AS dx,
        (r_cd * r_sa + r_ma * r_ca - r_md * r_sd * r_sa) / r_norm - (cd * sa + ma * ca - md * sd * sa) / norm AS dy,
        (r_sd + r_md * r_cd) / r_norm - (sd + md * cd) / norm AS dz
    FROM (
        SELECT *, sqrt(1 + ma * ma + md * md) AS norm, sqrt(1 + r_ma * r_ma + r_md * r_md) AS r_norm
        FROM (
            SELECT
                l.healpix_29, p.sep_arcsec, sin(radians(l.ra)) AS sa, cos(radians(l.ra)) AS ca,
                sin(radians(l.dec)) AS sd, cos(radians(l.dec)) AS cd, sin(radians(r.ra)) AS r_sa,
                cos(radians(r.ra)) AS r_ca, sin(radians(r.dec)) AS r_sd, cos(radians(r.dec)) AS r_cd,
                coalesce({epoch} - l.epoch, 0) * radians(l.pmra / 3600e3) AS ma,
                coalesce({epoch} - l.epoch, 0) * radians(l.pmdec / 3600e3) AS md,
                coalesce({epoch} - r.epoch, 0) * radians(r.pmra / 3600e3) AS r_ma,
                coalesce({epoch} - r.epoch, 0) * radians(r.pmdec / 3600e3) AS r_md
            FROM {pairs} p JOIN {left} l ON l.id = p.left_id JOIN {right} r ON r.id = p.right_id
        )
    )
)
