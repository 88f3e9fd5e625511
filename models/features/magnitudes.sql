-- Purpose: magnitudes as measured, or dereddened.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and <band>_mag.
SELECT
    *,
    u AS u_mag, g AS g_mag, r AS r_mag, i AS i_mag, z AS z_mag, y AS y_mag, j AS j_mag, h AS h_mag, k AS k_mag, w1
    AS w1_mag, w2 AS w2_mag, w3 AS w3_mag, w4 AS w4_mag, gaia_g AS gaia_g_mag, bp AS bp_mag, rp AS rp_mag
FROM {rows}
