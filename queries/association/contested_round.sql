-- Purpose: one round of the choice: take groups that are the most probable open one for every row in them, strike what
--   shares a row with them.
-- Parameters: {is_best} whether a group is the first in every window by one of its rows; {strike} anti-joins of
--   open_groups with taken_now by member.
-- Input and output: temporary tables taken_groups, open_groups.
CREATE OR REPLACE TEMP TABLE taken_now AS
FROM (SELECT *, row_number() OVER (ORDER BY p_match DESC, left_row, left_rank) AS place FROM open_groups)
QUALIFY {is_best};
INSERT INTO taken_groups BY NAME SELECT * EXCLUDE (place) FROM taken_now;
CREATE OR REPLACE TEMP TABLE open_groups AS
FROM open_groups ANTI JOIN taken_now USING (left_row) {strike};
