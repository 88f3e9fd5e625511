-- Purpose: what the objects of a matched catalogue of the simulated surveys truly are.
-- Parameters: {catalogue} the catalogue; {members} one SELECT of (object_id, rank, true_id) a simulated survey among its
--   members, UNION ALL; rank 1 for the survey with the best positions.
-- Output: object_id, class, subtype, redshift, true_id: those of the member of the lowest rank; members: rows of
--   surveys in the object; true_members: those of them that are of this true object; healpix_29.
SELECT
    o.object_id, t.class, t.subtype, t.redshift, t.true_id, count(*) AS members,
    count(*) FILTER (m.true_id = b.true_id) AS true_members, any_value(o.ra) AS ra, any_value(o."dec") AS "dec",
    any_value(o.healpix_29) AS healpix_29
FROM ({members}) m
JOIN (SELECT object_id, arg_min(true_id, rank) AS true_id FROM ({members}) GROUP BY object_id) b USING (object_id)
JOIN sim_truth t ON t.true_id = b.true_id
JOIN {catalogue} o USING (object_id)
GROUP BY o.object_id, t.class, t.subtype, t.redshift, t.true_id
ORDER BY healpix_29, object_id
