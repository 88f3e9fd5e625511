-- Objects of each class in all four surveys; median_g in mag.
SELECT t.class, count(*) AS objects, median(a.phot_g_mean_mag) AS median_g
FROM astrometry_optical o
JOIN astrometry_nir n USING (sim_astrometry_id)
JOIN astrometry_mir m USING (sim_astrometry_id)
JOIN sim_astrometry a ON a.source_id = sim_astrometry_id
JOIN sim_truth t ON t.astrometry_id = sim_astrometry_id
GROUP BY t.class ORDER BY objects DESC
