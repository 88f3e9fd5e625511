-- Purpose: L and T dwarfs: i - z > 1.8 (AB) as from L0 on, or z - J > 2.5 (AB - Vega), or J - K > 1.3 (Vega) as L dwarfs
--   have, or W1 - W2 > 0.4 (Vega) as from late L on; W1 - W2 > 1.5 is a T5 or later.
-- Parameters: {rows} as in __init__.py.
-- Output: the columns of rows, score = p times the largest chance that one of the colours is beyond its cut, and reasons.
SELECT
    *,
    p * greatest(
        chance_above(i_minus_z, 1.8, iz_error), chance_above(z_minus_j, 2.5, zj_error),
        chance_above(j_minus_k, 1.3, jk_error), chance_above(w1_minus_w2, 0.4, ww_error)
    ) AS score,
    concat_ws(
        '; ',
        format('p(brown dwarf) {:.2f}', p),
        CASE WHEN w1_minus_w2 > 1.5 THEN 'T5 or later by W1 - W2 > 1.5' END,
        said('i - z', i_minus_z, iz_error),
        said('z - J', z_minus_j, zj_error),
        said('J - K', j_minus_k, jk_error),
        said('W1 - W2', w1_minus_w2, ww_error),
        CASE WHEN pm_snr > 5 THEN format('moves {:.0f} +- {:.0f} mas/yr', pm_mas_yr, pm_error_mas_yr) END,
        CASE WHEN parallax_snr > 5 THEN format('{:.0f} pc away', 1000 / parallax_mas) END
    ) AS reasons
FROM (
    SELECT
        *, error_of(i_error, z_error) AS iz_error, error_of(z_error, j_error) AS zj_error,
        error_of(j_error, k_error) AS jk_error, error_of(w1_error, w2_error) AS ww_error
    FROM {rows}
)
