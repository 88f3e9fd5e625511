-- Purpose: the pairs whose left or right row has a second candidate.
-- Input: ranked. Output: temporary table contested (left_id, right_id, chord2).
CREATE TEMP TABLE contested AS
WITH rivals AS MATERIALIZED (SELECT DISTINCT right_id FROM ranked WHERE right_rank > 1)
SELECT left_id, right_id, chord2 FROM ranked WHERE n_neighbours > 1
UNION
SELECT left_id, right_id, chord2 FROM ranked SEMI JOIN rivals USING (right_id);
