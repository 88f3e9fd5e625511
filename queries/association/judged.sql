-- Purpose: the probability of each pair, and its place among those of its left and of its right row. Ties go to the row
--   that comes first in its table.
-- Parameters: {plain}, {contested} relations of probable.sql: of pairs neither of whose rows has another, and of the rest.
-- Output: left_row, right_row, sep_arcsec, sep_sigma (normalised separation), p_value (chance of a larger one among
--   true pairs), ln_bayes, odds, p_match (that the pair is true), p_i (that it is if any is), p_any (that any pair of the
--   left row is true), left_rank, right_rank (1: the most probable), n_neighbours (pairs of the left row), n_mates (other
--   left rows whose most probable right row is this one), is_ambiguous (another pair of the left row is at least half as
--   probable as its best, or the right row is the best of two), is_tie (another pair of the left row is as probable
--   as its best, to a millionth).
SELECT
    *,
    (left_rank = 1 AND (n_mates > 0 OR ln_second >= ln_best - ln(2)))
        OR (left_rank > 1 AND ln_odds >= ln_best - ln(2)) AS is_ambiguous,
    CASE WHEN left_rank = 1 THEN ln_second ELSE ln_odds END >= ln_best - 1e-6 AS is_tie
FROM (
    SELECT *, 1 AS right_rank, 0 AS n_mates FROM ({plain})
    UNION ALL BY NAME
    SELECT
        *,
        row_number() OVER (PARTITION BY right_row ORDER BY p_match DESC, ln_odds DESC, left_row)::INTEGER AS right_rank,
        (count(*) FILTER (left_rank = 1) OVER (PARTITION BY right_row) - (left_rank = 1)::INTEGER)::INTEGER AS n_mates
    FROM ({contested})
)
