-- Purpose: candidate pairs measured at the epoch of each: how far apart, in which direction, and how well that is known.
-- Parameters: {left}, {right} relations of astrometry.sql; {epoch} of a pair, yr, over l and r, or NULL for no motion;
--   {left_rows} rows of the left table; {directions} in which each left row of the sample is shifted, by {shift_arcsec};
--   {floor_arcsec} systematic error of the pair in each coordinate; {offset_ra}, {offset_dec} arcsec over l, right less
--   left, to be taken away; {joins} what they need; {where} condition on the candidates.
-- Input: candidates (left_row, right_row); a left_row beyond the table is a shifted row.
-- Output: left_row, right_row, own_row (row of the left table, shifted or not), healpix_29 of that row, d_ra, d_dec
--   (right less left along great circles east and north, arcsec), sep_arcsec, saa, sdd, sad (covariance of d_ra and
--   d_dec, arcsec2), vaa, vdd, vad (that of the left row alone, at its own epoch), left_trace (of saa and sdd,
--   what comes of the left row), l_ea, l_ed (arcsec, along which the error of its epoch blurs it, 1 sigma), chi2, ln_area
--   (of the error ellipse of 1 sigma over pi, arcsec2).
SELECT
    left_row, right_row, own_row, healpix_29, d_ra, d_dec, sqrt(d_ra * d_ra + d_dec * d_dec) AS sep_arcsec,
    saa, sdd, sad, vaa, vdd, vad, left_trace, l_ea, l_ed, (d_ra * d_ra * sdd - 2 * d_ra * d_dec * sad + d_dec * d_dec * saa) / det AS chi2,
    ln(det) / 2 AS ln_area
FROM (
    -- Errors whose correlation is 1 make a line of an ellipse; it stays an ellipse.
    SELECT *, greatest(saa * sdd - sad * sad, 1e-9 * saa * sdd) AS det
    FROM (
        SELECT
            left_row, right_row, own_row, healpix_29, vaa, vdd, vad, l_ea, l_ed,
            (dy * ca - dx * sa) * 206264.80624709636 - offset_ra AS d_ra,
            (dz * cd - (dx * ca + dy * sa) * sd) * 206264.80624709636 - offset_dec AS d_dec,
            -- The right row's own east and north are turned against the left row's: by much, close to a pole.
            laa + turn_c * turn_c * raa - 2 * turn_c * turn_s * rad + turn_s * turn_s * rdd + l_ea * l_ea + r_ea * r_ea
                + pow({floor_arcsec}, 2) AS saa,
            ldd + turn_s * turn_s * raa + 2 * turn_c * turn_s * rad + turn_c * turn_c * rdd + l_ed * l_ed + r_ed * r_ed
                + pow({floor_arcsec}, 2) AS sdd,
            lad + turn_c * turn_s * (raa - rdd) + (turn_c * turn_c - turn_s * turn_s) * rad + l_ea * l_ed + r_ea * r_ed AS sad,
            laa + ldd + l_ea * l_ea + l_ed * l_ed + r_ea * r_ea + r_ed * r_ed AS left_trace
        FROM (
            SELECT
                *,
                (r_cd * r_ca - lag_r * (r_ma * r_sa + r_md * r_sd * r_ca)) / norm_r - x AS dx,
                (r_cd * r_sa + lag_r * (r_ma * r_ca - r_md * r_sd * r_sa)) / norm_r - y AS dy,
                (r_sd + lag_r * r_md * r_cd) / norm_r - z AS dz,
                -- A row whose epoch is not quite known lies somewhere along its motion, or else that of the other row.
                epoch_error * 206264.80624709636 * CASE WHEN l_moves THEN ma ELSE turned_ma END AS l_ea,
                epoch_error * 206264.80624709636 * CASE WHEN l_moves THEN md ELSE turned_md END AS l_ed,
                r_epoch_error * 206264.80624709636 * CASE WHEN r_moves THEN turned_ma ELSE ma END AS r_ea,
                r_epoch_error * 206264.80624709636 * CASE WHEN r_moves THEN turned_md ELSE md END AS r_ed
            FROM (
                SELECT
                    *,
                    cos(step) * (cd * ca - lag * (ma * sa + md * sd * ca)) / norm
                        - sin(step) * (cos(turn) * sd * ca + sin(turn) * sa) AS x,
                    cos(step) * (cd * sa + lag * (ma * ca - md * sd * sa)) / norm
                        - sin(step) * (cos(turn) * sd * sa - sin(turn) * ca) AS y,
                    cos(step) * (sd + lag * md * cd) / norm + sin(step) * cos(turn) * cd AS z
                FROM (
                    SELECT
                        *,
                        ma <> 0 OR md <> 0 AS l_moves, r_ma <> 0 OR r_md <> 0 AS r_moves,
                        turn_c * r_ma - turn_s * r_md AS turned_ma, turn_s * r_ma + turn_c * r_md AS turned_md,
                        sqrt(1 + lag * lag * (ma * ma + md * md)) AS norm,
                        sqrt(1 + lag_r * lag_r * (r_ma * r_ma + r_md * r_md)) AS norm_r,
                        vaa + lag * lag * waa AS laa, vdd + lag * lag * wdd AS ldd, vad AS lad,
                        r_vaa + lag_r * lag_r * r_waa AS raa, r_vdd + lag_r * lag_r * r_wdd AS rdd, r_vad AS rad
                    FROM (
                        SELECT
                            c.left_row, c.right_row, c.own_row, l.healpix_29,
                            l.sa, l.ca, l.sd, l.cd, l.ma, l.md, l.vaa, l.vdd, l.vad, l.waa, l.wdd,
                            r.sa AS r_sa, r.ca AS r_ca, r.sd AS r_sd, r.cd AS r_cd, r.ma AS r_ma, r.md AS r_md,
                            l.epoch_error, r.epoch_error AS r_epoch_error, r.vaa AS r_vaa, r.vdd AS r_vdd, r.vad AS r_vad, r.waa AS r_waa, r.wdd AS r_wdd,
                            coalesce({epoch} - l.epoch, 0) AS lag, coalesce({epoch} - r.epoch, 0) AS lag_r,
                            CASE WHEN c.left_row < {left_rows} THEN 0 ELSE radians({shift_arcsec} / 3600.0) END AS step,
                            2 * pi() * ((c.left_row - {left_rows}) % {directions}) / {directions} AS turn,
                            l.ca * r.ca + l.sa * r.sa AS turn_c, l.sd * (l.ca * r.sa - l.sa * r.ca) AS turn_s,
                            {offset_ra} AS offset_ra, {offset_dec} AS offset_dec
                        FROM (
                            SELECT
                                left_row, right_row,
                                CASE WHEN left_row < {left_rows} THEN left_row
                                    ELSE (left_row - {left_rows}) // {directions} END AS own_row
                            FROM candidates
                            WHERE {where}
                        ) c
                        JOIN {left} l ON l.row = c.own_row
                        JOIN {right} r ON r.row = c.right_row
                        {joins}
                    )
                )
            )
        )
    )
)
