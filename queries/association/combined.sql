-- Purpose: one row an object: where all its members together put it, and how well.
-- Parameters: {objects} relation of (object, lead_row); {lead} relation of astrometry.sql of the leading table;
--   {members} one LEFT JOIN a further table, of relations of partner.sql by lead_row; {iaa}, {idd}, {iad} sums of the inverse covariances of lead and members,
--   1/arcsec2; {ba}, {bd} sums of inverse covariance times place, 1/arcsec; {q} sum of place times inverse covariance
--   times place; {least_variance} arcsec2.
-- Output: object, x, y, z (unit vector at the epoch of the leading row), ra_error, dec_error (mas), ra_dec_corr,
--   pos_chi2 (of the members against the common place; 2 (n - 1) degrees of freedom).
SELECT
    object,
    u_x - d_ra * sa - d_dec * sd * ca AS x, u_y + d_ra * ca - d_dec * sd * sa AS y, u_z + d_dec * cd AS z,
    sqrt(idd / det) * 1000 AS ra_error, sqrt(iaa / det) * 1000 AS dec_error, -iad / sqrt(iaa * idd) AS ra_dec_corr,
    q - (ba * ba * idd - 2 * ba * bd * iad + bd * bd * iaa) / det AS pos_chi2
FROM (
    SELECT
        *, iaa * idd - iad * iad AS det, cd * ca AS u_x, cd * sa AS u_y, sd AS u_z,
        (ba * idd - bd * iad) / (iaa * idd - iad * iad) / 206264.80624709636 AS d_ra,
        (bd * iaa - ba * iad) / (iaa * idd - iad * iad) / 206264.80624709636 AS d_dec
    FROM (
        SELECT o.object, sa, ca, sd, cd, {iaa} AS iaa, {idd} AS idd, {iad} AS iad, {ba} AS ba, {bd} AS bd, {q} AS q
        FROM {objects} o
        JOIN (
            SELECT *, odd / odet AS l_iaa, oaa / odet AS l_idd, -vad / odet AS l_iad
            FROM (
                SELECT *, oaa * odd - vad * vad AS odet
                FROM (
                    SELECT *, greatest(vaa, {least_variance}) AS oaa, greatest(vdd, {least_variance}) AS odd FROM {lead}
                )
            )
        ) l ON l.row = o.lead_row
        {members}
    )
)
