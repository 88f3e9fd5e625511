-- The fastest sources with a secure parallax; pm_mas_yr in mas/yr, bp_rp in mag.
SELECT source_id, sqrt(pmra ** 2 + pmdec ** 2) AS pm_mas_yr, parallax, phot_bp_mean_mag - phot_rp_mean_mag AS bp_rp
FROM sim_astrometry WHERE parallax > 5 * parallax_error
ORDER BY pm_mas_yr DESC LIMIT 5
