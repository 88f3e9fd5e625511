-- Purpose: one row an object: where all its members together put it, and how well.
-- Parameters: {objects} relation of (object, lead_row); {lead} relation of astrometry.sql of the leading table;
--   {members} one LEFT JOIN a further table, of relations of member.sql by lead_row; {iaa}, {idd}, {iad} sums of the
--   inverse covariances of the members, 1/arcsec2; {ba}, {bd} sums of inverse covariance times place, 1/arcsec; {q} sum
--   of place times inverse covariance times place; {floor_arcsec} systematic error of the leading row in each
--   coordinate; {ea}, {ed} expressions over l and the members: along which the error of its epoch blurs it, arcsec;
--   {offset_ra}, {offset_dec} arcsec over l: its displacement, to be taken away; {joins} what they need;
--   {least_variance} arcsec2.
-- Output: object, epoch (of the leading row, yr), x, y, z (unit vector at that epoch), ra_error, dec_error (mas),
--   ra_dec_corr, pos_chi2 (of the members against the common place; 2 (n - 1) degrees of freedom).
SELECT
    object, epoch,
    cd * ca - d_ra * sa - d_dec * sd * ca AS x, cd * sa + d_ra * ca - d_dec * sd * sa AS y, sd + d_dec * cd AS z,
    sqrt(idd / det) * 1000 AS ra_error, sqrt(iaa / det) * 1000 AS dec_error, 0 - iad / sqrt(iaa * idd) AS ra_dec_corr,
    q - (ba * ba * idd - 2 * ba * bd * iad + bd * bd * iaa) / det AS pos_chi2
FROM (
    SELECT
        *,
        ((ba * idd - bd * iad) / det - offset_ra) / 206264.80624709636 AS d_ra,
        ((bd * iaa - ba * iad) / det - offset_dec) / 206264.80624709636 AS d_dec
    FROM (
        SELECT *, iaa * idd - iad * iad AS det
        FROM (
            SELECT
                * REPLACE (iaa + odd / odet AS iaa, idd + oaa / odet AS idd, iad - oad / odet AS iad)
            FROM (
                SELECT *, oaa * odd - oad * oad AS odet
                FROM (
                    SELECT
                        *, greatest(vaa + pow({floor_arcsec}, 2) + ea * ea, {least_variance}) AS oaa,
                        greatest(vdd + pow({floor_arcsec}, 2) + ed * ed, {least_variance}) AS odd,
                        sqrt(oaa * odd) * (1 - 1e-9) AS most, greatest(least(vad + ea * ed, most), -most) AS oad
                    FROM (
                        SELECT
                            o.object, l.epoch, l.sa, l.ca, l.sd, l.cd, l.vaa, l.vdd, l.vad,
                            {ea} AS ea, {ed} AS ed, {offset_ra} AS offset_ra, {offset_dec} AS offset_dec,
                            {iaa} AS iaa, {idd} AS idd, {iad} AS iad, {ba} AS ba, {bd} AS bd, {q} AS q
                        FROM {objects} o
                        JOIN {lead} l ON l.row = o.lead_row
                        {members}
                        {joins}
                    )
                )
            )
        )
    )
)
