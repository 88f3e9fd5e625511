-- Purpose: real labelled sets as one table; each brings the bands its survey has, and no other.
-- Parameters: {folder} the folder of the real catalogues.
-- Output: kind, ra, dec (deg), magnitudes, parallax (mas), pmra, pmdec (mas/yr); NULL where a set has none.
WITH spectra AS (
    SELECT class, ra, dec, u, g, r, i, z FROM read_parquet('{folder}/labelled_sdss_spectro/sdss17_10k.parquet')
    UNION ALL
    SELECT class, ra, dec, u, g, r, i, z FROM read_parquet('{folder}/labelled_sdss_spectro/sdss_dr14_10k.parquet')
)
SELECT
    CASE class WHEN 'GALAXY' THEN 'galaxy' WHEN 'QSO' THEN 'quasar' ELSE 'star' END AS kind, ra::DOUBLE AS ra,
    dec::DOUBLE AS dec, u::DOUBLE AS u, g::DOUBLE AS g, r::DOUBLE AS r, i::DOUBLE AS i, z::DOUBLE AS z,
    NULL::DOUBLE AS j_m, NULL::DOUBLE AS h_m, NULL::DOUBLE AS k_m, NULL::DOUBLE AS w1mpro, NULL::DOUBLE AS w2mpro,
    NULL::DOUBLE AS phot_g_mean_mag, NULL::DOUBLE AS phot_bp_mean_mag, NULL::DOUBLE AS phot_rp_mean_mag,
    NULL::DOUBLE AS parallax, NULL::DOUBLE AS pmra, NULL::DOUBLE AS pmdec
FROM spectra
UNION ALL BY NAME
SELECT
    'white_dwarf' AS kind, RA_ICRS AS ra, DE_ICRS AS dec, umag AS u, gmag AS g, rmag AS r, imag AS i, zmag AS z,
    Gmag AS phot_g_mean_mag, BPmag AS phot_bp_mean_mag, RPmag AS phot_rp_mean_mag, Plx AS parallax, pmRA AS pmra,
    pmDE AS pmdec
FROM read_parquet('{folder}/labelled_white_dwarfs/mwdd_gaiaedr3_sdss.parquet')
UNION ALL BY NAME
SELECT
    'brown_dwarf' AS kind, ra, dec, "SDSS.u" AS u, "SDSS.g" AS g, "SDSS.r" AS r, "SDSS.i" AS i, "SDSS.z" AS z,
    "2MASS.J" AS j_m, "2MASS.H" AS h_m, "2MASS.Ks" AS k_m, "WISE.W1" AS w1mpro, "WISE.W2" AS w2mpro,
    "GAIA3.G" AS phot_g_mean_mag, "GAIA3.Grp" AS phot_rp_mean_mag, parallax_mas AS parallax, pmra_masyr AS pmra,
    pmdec_masyr AS pmdec
FROM read_parquet('{folder}/labelled_brown_dwarfs/simple_sources.parquet')
WHERE sptype_code >= 70
UNION ALL BY NAME
SELECT 'quasar' AS kind, ra, dec, J AS j_m, H AS h_m, K AS k_m, unW1mag AS w1mpro, unW2mag AS w2mpro
FROM read_parquet('{folder}/labelled_quasars/vhzq_z5_zyjhk_wise.parquet')
UNION ALL BY NAME
SELECT 'quasar' AS kind, ra, dec, psfMag_u AS u, psfMag_g AS g, psfMag_r AS r, psfMag_i AS i, psfMag_z AS z
FROM read_parquet('{folder}/labelled_quasars/perger_agn_z4.parquet')
UNION ALL BY NAME
SELECT 'variable' AS kind, RAJ2000 AS ra, DEJ2000 AS dec, umag AS u, gmag AS g, rmag AS r, imag AS i, zmag AS z
FROM read_parquet('{folder}/labelled_transients/s82_rrlyrae_sesar2010.parquet')
UNION ALL BY NAME
-- Of LINEAR's variables the colours are published, and a magnitude of their own band, close to r: stars have g - r of
-- about 0.7 (g - i). No r is made of it: g - r would lie where no noise is.
SELECT
    'variable' AS kind, ra, dec, mag_med + 0.7 * gi AS g, g + ug AS u, g - gi AS i, i - "iK" AS k_m, k_m + "JK" AS j_m
FROM read_parquet('{folder}/labelled_transients/linear_variables.parquet')
UNION ALL BY NAME
-- Clusters are places and nothing more.
SELECT 'cluster' AS kind, ra, dec
FROM read_parquet('{folder}/labelled_galaxy_clusters/abell.parquet')
UNION ALL BY NAME
SELECT 'cluster' AS kind, ra, dec
FROM read_parquet('{folder}/labelled_galaxy_clusters/geach2011_stripe82.parquet')
UNION ALL BY NAME
SELECT
    CASE WHEN lum_class = 'III' THEN 'giant' ELSE 'star' END AS kind, ra, dec, plx_mas AS parallax,
    pmra_masyr AS pmra, pmdec_masyr AS pmdec
FROM read_parquet('{folder}/labelled_stars/hipparcos_subset.parquet')
WHERE lum_class IN ('III', 'V')
