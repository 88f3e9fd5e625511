-- Purpose: quasars whose light is cut off at the Lyman line, in the band where that is.
--   g drop-outs (z 3.6 to 4.5): u - g > 1.5 or u > 20.6; g - r > 0.7; g - r > 2.1 or r - i < 0.44 (g - r) - 0.358;
--     i - z < 0.25.
--   r drop-outs (z 4.5 to 5.4): u > 21.5; g > 21; r - i > 0.6; i - z < 0.52 (r - i) - 0.412.
--   i drop-outs (z beyond 5.7): i - z > 2.2, and z - J < 1.5 where J is measured: brown dwarfs are redder.
-- Parameters: {rows} as in __init__.py.
-- Output: the columns of rows, score = p times the chance that every colour is beyond its cut, and reasons.
SELECT
    *,
    p * greatest(g_drop, r_drop, i_drop) AS score,
    concat_ws(
        '; ',
        format('p(quasar) {:.2f}', p),
        CASE greatest(g_drop, r_drop, i_drop)
            WHEN i_drop THEN said('i drop-out, z > 5.7: i - z', i_minus_z, iz_error)
            WHEN r_drop THEN said('r drop-out, z 4.5 to 5.4: r - i', r_minus_i, ri_error)
            ELSE said('g drop-out, z 3.6 to 4.5: g - r', g_minus_r, gr_error)
        END,
        said('z - J', z_minus_j, zj_error),
        said('W1 - W2', w1_minus_w2, error_of(w1_error, w2_error)),
        CASE WHEN u_mag IS NULL THEN 'no u' END,
        CASE WHEN w3_mag IS NULL THEN 'no W3' END
    ) AS reasons
FROM (
    SELECT
        *,
        CASE WHEN g_minus_r IS NOT NULL AND r_minus_i IS NOT NULL THEN least(
            CASE WHEN u_mag < 20.6 THEN chance_above(u_minus_g, 1.5, error_of(u_error, g_error)) END,
            chance_above(g_minus_r, 0.7, gr_error),
            greatest(
                chance_above(g_minus_r, 2.1, gr_error),
                chance_above(0.44 * g_minus_r - 0.358, r_minus_i, error_of(0.44 * gr_error, ri_error))
            ),
            chance_above(0.25, i_minus_z, iz_error)
        ) END AS g_drop,
        CASE WHEN r_minus_i IS NOT NULL AND i_minus_z IS NOT NULL THEN least(
            chance_above(u_mag, 21.5, u_error),
            chance_above(g_mag, 21, g_error),
            chance_above(r_minus_i, 0.6, ri_error),
            chance_above(0.52 * r_minus_i - 0.412, i_minus_z, error_of(0.52 * ri_error, iz_error))
        ) END AS r_drop,
        CASE WHEN i_minus_z IS NOT NULL THEN least(
            chance_above(i_minus_z, 2.2, iz_error), chance_above(1.5, z_minus_j, zj_error)
        ) END AS i_drop
    FROM (
        SELECT
            *, error_of(g_error, r_error) AS gr_error, error_of(r_error, i_error) AS ri_error,
            error_of(i_error, z_error) AS iz_error, error_of(z_error, j_error) AS zj_error
        FROM {rows}
    )
)
