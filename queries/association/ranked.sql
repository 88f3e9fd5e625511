-- Purpose: the place of pairs among those of their left rows. Ties go to the right row that comes first in its table.
-- Parameters: {pairs} relation of weighed.sql, all pairs of each of its left rows.
-- Output: its columns, and what probable.sql asks for.
SELECT
    *,
    sum(odds) OVER (ranked ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS total,
    max(ln_odds) OVER by_left AS ln_best,
    nth_value(ln_odds, 2) OVER (ranked ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS ln_second,
    row_number() OVER ranked::INTEGER AS left_rank,
    count(*) OVER by_left::INTEGER AS n_neighbours
FROM {pairs}
WINDOW by_left AS (PARTITION BY left_row), ranked AS (PARTITION BY left_row ORDER BY ln_odds DESC, right_row)
