-- Purpose: a white dwarf and something red beside it.
--   The bridge from white dwarfs to M dwarfs: u - g < 0.45, g - r < 0.70, r - i > 0.30, i - z > 0.40; models that know
--   single stars call such a source a star or a white dwarf.
--   Too red in the optical: r - i beyond that of a single white dwarf, which is within 0.1 mag of 0.65 (g - r) - 0.10
--   (DA of 4500 to 30,000 K, Holberg & Bergeron 2006, AJ 132, 1221), by more than 0.2 mag.
--   Too red in the infrared, where g - r < 0.3, that is above 6500 K: J - K > 0.5 or W1 - W2 > 0.3 (Vega).
-- Parameters: {rows} as in __init__.py.
-- Output: the columns of rows, score = probability times the chance that colours are beyond their cuts, and reasons.
SELECT
    *,
    greatest(p * greatest(red, near_infrared, infrared), least(1, p + coalesce(p_star, 0)) * bridge) AS score,
    concat_ws(
        '; ',
        format('p(white dwarf) {:.2f}', p),
        CASE WHEN bridge > 0.5 THEN 'between white dwarfs and M dwarfs in u, g, r, i, z' END,
        said('g - r', g_minus_r, gr_error),
        CASE
            WHEN red > 0.5
            THEN said('r - i', r_minus_i, ri_error) || format(', of a single white dwarf {:.2f}', single_r_minus_i)
        END,
        CASE WHEN near_infrared > 0.5 THEN said('J - K', j_minus_k, jk_error) END,
        CASE WHEN infrared > 0.5 THEN said('W1 - W2', w1_minus_w2, ww_error) END,
        format('M_G {:.1f}', absolute_g_mag)
    ) AS reasons
FROM (
    SELECT
        *,
        chance_above(r_minus_i - single_r_minus_i, 0.2, error_of(ri_error, 0.65 * gr_error)) AS red,
        CASE WHEN g_minus_r < 0.3 THEN chance_above(j_minus_k, 0.5, jk_error) END AS near_infrared,
        CASE WHEN g_minus_r < 0.3 THEN chance_above(w1_minus_w2, 0.3, ww_error) END AS infrared,
        CASE WHEN u_minus_g + g_minus_r + r_minus_i + i_minus_z IS NOT NULL THEN least(
            chance_above(0.45, u_minus_g, error_of(u_error, g_error)), chance_above(0.7, g_minus_r, gr_error),
            chance_above(r_minus_i, 0.3, ri_error), chance_above(i_minus_z, 0.4, error_of(i_error, z_error))
        ) END AS bridge
    FROM (
        SELECT
            *, 0.65 * g_minus_r - 0.10 AS single_r_minus_i,
            error_of(g_error, r_error) AS gr_error, error_of(r_error, i_error) AS ri_error,
            error_of(j_error, k_error) AS jk_error, error_of(w1_error, w2_error) AS ww_error
        FROM {rows}
    )
)
