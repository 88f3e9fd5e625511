-- Purpose: colours from the optical to the mid infrared.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and differences of magnitudes, mag: those of two bands; bends, of two such differences,
--   which trees would need many steps for; the distance from the stellar locus in three projections (s, w and y of
--   Ivezic et al. 2004, AN 325, 583).
SELECT
    *,
    u - g AS u_minus_g, g - r AS g_minus_r, r - i AS r_minus_i, i - z AS i_minus_z, z - y AS z_minus_y,
    u - r AS u_minus_r, g - i AS g_minus_i, r - z AS r_minus_z, u - i AS u_minus_i, u - z AS u_minus_z, g - z AS g_minus_z,
    u - 2 * g + r AS bend_ugr, g - 2 * r + i AS bend_gri, r - 2 * i + z AS bend_riz,
    -0.249 * u + 0.794 * g - 0.555 * r + 0.234 AS locus_s, -0.227 * g + 0.792 * r - 0.567 * i + 0.050 AS locus_w,
    -0.270 * r + 0.800 * i - 0.534 * z + 0.054 AS locus_y,
    z - j AS z_minus_j, y - j AS y_minus_j, i - j AS i_minus_j, j - h AS j_minus_h, h - k AS h_minus_k, j - k AS j_minus_k,
    k - w1 AS k_minus_w1, r - w1 AS r_minus_w1, i - w1 AS i_minus_w1, z - w1 AS z_minus_w1, j - w1 AS j_minus_w1,
    j - w2 AS j_minus_w2, w1 - w2 AS w1_minus_w2, w2 - w3 AS w2_minus_w3, w3 - w4 AS w3_minus_w4,
    bp - rp AS bp_minus_rp, bp - gaia_g AS bp_minus_gaia_g, gaia_g - rp AS gaia_g_minus_rp,
    gaia_g - r AS gaia_g_minus_r, gaia_g - j AS gaia_g_minus_j, gaia_g - k AS gaia_g_minus_k,
    gaia_g - w1 AS gaia_g_minus_w1
FROM {rows}
