-- Purpose: the pairs of shifted rows, and what left rows have of their right rows.
-- Parameters: {left_rows} rows of the left table.
-- Input: weighed (weighed.sql), judged (judged.sql), work.selected (those of judged that were chosen).
-- Output: row (number of the shifted row), odds, within; of the most probable pair of the right row claim (probability)
--   and claim_odds, of its chosen one taken and taken_odds, and second_odds (of what that left row would have instead);
--   0 where there is none.
WITH
shifted AS (FROM weighed WHERE left_row >= {left_rows}),
claims AS (
    SELECT right_row, max(p_match) AS claim, max_by(odds, p_match) AS claim_odds
    FROM judged SEMI JOIN shifted USING (right_row)
    GROUP BY right_row
),
chosen AS (
    SELECT
        right_row, max(p_match) AS taken, max(odds) AS taken_odds,
        max(CASE WHEN left_rank = 1 THEN exp(ln_second) ELSE 0 END) AS second_odds
    FROM work.selected SEMI JOIN shifted USING (right_row)
    GROUP BY right_row
)
SELECT
    dense_rank() OVER (ORDER BY left_row) - 1 AS row, odds, within, coalesce(claim, 0) AS claim,
    coalesce(claim_odds, 0) AS claim_odds, coalesce(taken, 0) AS taken, coalesce(taken_odds, 0) AS taken_odds,
    coalesce(second_odds, 0) AS second_odds
FROM shifted LEFT JOIN claims USING (right_row) LEFT JOIN chosen USING (right_row)
