-- Purpose: the brightest galaxies of the simulated sky, of which pictures are made.
-- Parameters: {most} how many.
-- Output: id (text), ra, dec (deg), is_early.
SELECT true_id::VARCHAR AS id, ra, dec, subtype = 'early-type' AS is_early
FROM sim_truth
WHERE class = 'galaxy'
ORDER BY mag_r, true_id
LIMIT {most}
