-- Purpose: place each candidate pair among those of its left and of its right row. Ties are broken by id.
-- Parameters: {candidates} relation of (left_id, right_id, chord2).
-- Output: left_id, right_id, chord2, left_rank (1: the right row is the nearest of the left row), right_rank (1: the
--   left row is the nearest of the right row), n_neighbours (right rows within the radius of the left row), n_mates
--   (other left rows whose nearest right row is this one; the number_of_mates of the Gaia archive).
SELECT
    left_id, right_id, chord2, left_rank,
    row_number() OVER (PARTITION BY right_id ORDER BY chord2, left_id)::INTEGER AS right_rank,
    n_neighbours,
    (count(*) FILTER (left_rank = 1) OVER (PARTITION BY right_id) - (left_rank = 1)::INTEGER)::INTEGER AS n_mates
FROM (
    SELECT
        left_id, right_id, chord2,
        row_number() OVER (PARTITION BY left_id ORDER BY chord2, right_id)::INTEGER AS left_rank,
        count(*) OVER (PARTITION BY left_id)::INTEGER AS n_neighbours
    FROM {candidates}
)
