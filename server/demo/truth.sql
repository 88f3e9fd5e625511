-- Purpose: compare a pair table of sim_astrometry and another simulated survey with the truth.
-- Parameters: {pairs} the pair table; {right_id} its second column; {true_id} that survey's id column in sim_truth.
-- Output: true_pairs (objects both surveys saw), found (pairs), correct (pairs that are true).
SELECT
    (SELECT count(*) FROM sim_truth WHERE astrometry_id IS NOT NULL AND {true_id} IS NOT NULL) AS true_pairs,
    (SELECT count(*) FROM {pairs}) AS found,
    (
        SELECT count(*)
        FROM {pairs} p
        JOIN sim_truth t ON t.astrometry_id = p.sim_astrometry_id AND t.{true_id} = p.{right_id}
    ) AS correct
