-- Purpose: colours from the optical to the mid infrared.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and differences of magnitudes, mag.
SELECT
    *,
    u - g AS u_minus_g, g - r AS g_minus_r, r - i AS r_minus_i, i - z AS i_minus_z, z - y AS z_minus_y,
    u - r AS u_minus_r, g - i AS g_minus_i, r - z AS r_minus_z,
    z - j AS z_minus_j, y - j AS y_minus_j, i - j AS i_minus_j, j - h AS j_minus_h, h - k AS h_minus_k, j - k AS j_minus_k,
    k - w1 AS k_minus_w1, r - w1 AS r_minus_w1, i - w1 AS i_minus_w1, z - w1 AS z_minus_w1, j - w1 AS j_minus_w1,
    j - w2 AS j_minus_w2, w1 - w2 AS w1_minus_w2, w2 - w3 AS w2_minus_w3, w3 - w4 AS w3_minus_w4,
    bp - rp AS bp_minus_rp, bp - gaia_g AS bp_minus_gaia_g, gaia_g - rp AS gaia_g_minus_rp,
    gaia_g - r AS gaia_g_minus_r, gaia_g - j AS gaia_g_minus_j, gaia_g - k AS gaia_g_minus_k,
    gaia_g - w1 AS gaia_g_minus_w1
FROM {rows}
