-- Purpose: the probability of each group of a leading row (Budavari & Szalay 2008, eq. 18, for normal errors of any
--   shape), and its place among them.
-- Parameters: {groups} relation of grown.sql; {columns} of it that name the members and their separations, each followed
--   by a comma.
-- Output: left_row, {columns}, n_tables (members), ln_bayes (natural logarithm of the Bayes factor against all members
--   being separate), p_match (that the group is right and whole), p_i (that it is, if the leading row has any
--   counterpart), p_any (that it has any), left_rank (1: the most probable), n_neighbours (groups), is_ambiguous
--   (another group is at least half as probable).
SELECT
    left_row, {columns} members AS n_tables, ln_bayes, odds / (1 + total) AS p_match, odds / total AS p_i,
    total / (1 + total) AS p_any, left_rank, n_neighbours,
    CASE WHEN left_rank = 1 THEN coalesce(second, 0) >= best / 2 ELSE odds >= best / 2 END AS is_ambiguous
FROM (
    SELECT
        *, sum(odds) OVER by_left AS total, max(odds) OVER by_left AS best,
        nth_value(odds, 2) OVER (ranked ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS second,
        row_number() OVER ranked::INTEGER AS left_rank, count(*) OVER by_left::INTEGER AS n_neighbours
    FROM (
        SELECT
            *,
            -- A Bayes factor is taken over the whole sphere: (n - 1) densities of 1 / (4 pi) steradian.
            ln_near + (members - 1) * (ln(4 * pi()) + 2 * ln(648000 / pi())) AS ln_bayes,
            exp(ln_near + ln_rare + ln_share) AS odds
        FROM (
            SELECT
                *,
                ln_sharp - ln(iaa * idd - iad * iad) / 2
                    - (q - (ba * ba * idd - 2 * ba * bd * iad + bd * bd * iaa) / (iaa * idd - iad * iad)) / 2
                    - (members - 1) * ln(2 * pi()) AS ln_near
            FROM {groups}
            WHERE members > 1
        )
    )
    WINDOW by_left AS (PARTITION BY left_row), ranked AS (PARTITION BY left_row ORDER BY odds DESC, {columns} members)
)
