-- Purpose: the probability of each group of a leading row, and its place among them.
-- Parameters: {groups} table of scored.sql; {columns} of it that name the members and their separations, each followed
--   by a comma.
-- Input: others (others.sql), by rowid of {groups}.
-- Output: left_row, {columns} n_tables (members), ln_bayes, p_match (that the group is right and whole), p_i (that it
--   is, if the leading row has any counterpart), p_any (that it has any), left_rank (1: the most probable), n_neighbours
--   (groups), is_ambiguous (another group is at least half as probable).
SELECT
    left_row, {columns} members + 1 AS n_tables, ln_bayes, odds / (1 + total) AS p_match,
    CASE WHEN total > 0 THEN odds / total ELSE (left_rank = 1)::INTEGER END AS p_i, total / (1 + total) AS p_any,
    left_rank, n_neighbours,
    CASE WHEN left_rank = 1 THEN coalesce(ln_second, '-inf'::DOUBLE) >= ln_best - ln(2)
        ELSE ln_odds >= ln_best - ln(2) END AS is_ambiguous
FROM (
    SELECT
        *, sum(odds) OVER by_left AS total, max(ln_odds) OVER by_left AS ln_best,
        nth_value(ln_odds, 2) OVER (ranked ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS ln_second,
        row_number() OVER ranked::INTEGER AS left_rank, count(*) OVER by_left::INTEGER AS n_neighbours
    FROM (
        SELECT
            g.* REPLACE (ln_odds - coalesce(ln_others, 0) AS ln_odds), exp(ln_odds - coalesce(ln_others, 0)) AS odds
        FROM {groups} g LEFT JOIN others o ON o.id = g.rowid
        WHERE members > 0
    )
    WINDOW by_left AS (PARTITION BY left_row), ranked AS (PARTITION BY left_row ORDER BY ln_odds DESC, {columns} members)
)
