-- Purpose: a search for likeness that joins votes and the true sky, in one statement.
-- Parameters: {image} id of an image; {images} collection; {votes} table of votes.
-- Output: rank, similarity, spiral_votes, smooth_votes, true_id, redshift, mag_r.
SELECT s.rank, s.similarity, v.spiral_spiral AS spiral_votes, v.smooth_or_features_smooth AS smooth_votes,
    t.true_id, t.redshift, t.mag_r
FROM similar('{image}', 8, '{images}') s
JOIN {votes} v USING (id)
JOIN sim_truth t ON t.true_id = s.id::BIGINT
ORDER BY s.rank
