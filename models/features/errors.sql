-- Purpose: errors of magnitudes. They tell the depth of a survey as much as the source: asked for by name only.
-- Parameters: {rows} relation with the standard inputs.
-- Output: the columns of rows, and <band>_error_mag.
SELECT
    *,
    u_error AS u_error_mag, g_error AS g_error_mag, r_error AS r_error_mag, i_error AS i_error_mag, z_error AS
    z_error_mag, y_error AS y_error_mag, j_error AS j_error_mag, h_error AS h_error_mag, k_error AS k_error_mag,
    w1_error AS w1_error_mag, w2_error AS w2_error_mag, w3_error AS w3_error_mag, w4_error AS w4_error_mag,
    gaia_g_error AS gaia_g_error_mag, bp_error AS bp_error_mag, rp_error AS rp_error_mag
FROM {rows}
