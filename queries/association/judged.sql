-- Purpose: the probability of each pair, and its place among those of its left and of its right row. Ties go to the row
--   that comes first in its table.
-- Parameters: {left_rows} rows of the left table; {share} of left rows that have a counterpart.
-- Input: weighed (weighed.sql).
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
    SELECT
        *,
        row_number() OVER (PARTITION BY right_row ORDER BY p_match DESC, ln_odds DESC, left_row)::INTEGER AS right_rank,
        (count(*) FILTER (left_rank = 1) OVER (PARTITION BY right_row) - (left_rank = 1)::INTEGER)::INTEGER AS n_mates
    FROM (
        SELECT
            left_row, right_row, sep_arcsec, sqrt(chi2) AS sep_sigma, exp(-chi2 / 2) AS p_value, ln_bayes, odds, ln_odds,
            {share} * odds / (1 - {share} * within + {share} * total) AS p_match,
            -- Where all odds are too small for a number, the largest is by far the largest.
            CASE WHEN total > 0 THEN odds / total ELSE (left_rank = 1)::INTEGER END AS p_i,
            {share} * total / (1 - {share} * within + {share} * total) AS p_any,
            left_rank, n_neighbours, ln_best, coalesce(ln_second, '-inf'::DOUBLE) AS ln_second
        FROM (
            SELECT
                *,
                sum(odds) OVER by_left AS total,
                max(ln_odds) OVER by_left AS ln_best,
                nth_value(ln_odds, 2) OVER (ranked ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS ln_second,
                row_number() OVER ranked::INTEGER AS left_rank,
                count(*) OVER by_left::INTEGER AS n_neighbours
            FROM weighed
            WHERE left_row < {left_rows}
            WINDOW by_left AS (PARTITION BY left_row), ranked AS (PARTITION BY left_row ORDER BY ln_odds DESC, right_row)
        )
    )
)
