-- Purpose: place each candidate pair among those of its left and of its right row. Ties are broken by id.
-- Parameters: {condition} on the candidates that are ranked; {left}, {right} relations of (row, id).
-- Input: candidates (left_row, right_row, chord2).
-- Output: left_row, right_row, left_id, right_id, chord2, left_rank (1: the right row is the nearest of the left row),
--   right_rank (1: the left row is the nearest of the right row), n_neighbours (right rows within the radius of the left
--   row), n_mates (other left rows whose nearest right row is this one; the number_of_mates of the Gaia archive).
SELECT
    *,
    row_number() OVER (PARTITION BY right_row ORDER BY chord2, left_id)::INTEGER AS right_rank,
    (count(*) FILTER (left_rank = 1) OVER (PARTITION BY right_row) - (left_rank = 1)::INTEGER)::INTEGER AS n_mates
FROM (
    SELECT
        left_row, right_row, l.id AS left_id, r.id AS right_id, chord2,
        row_number() OVER (PARTITION BY left_row ORDER BY chord2, r.id)::INTEGER AS left_rank,
        count(*) OVER (PARTITION BY left_row)::INTEGER AS n_neighbours
    FROM (SELECT left_row, right_row, chord2 FROM candidates WHERE {condition})
    JOIN {left} l ON l.row = left_row
    JOIN {right} r ON r.row = right_row
)
