-- Purpose: one round of the selection: take the mutual best of the open pairs, strike their rows.
-- Parameters: {cost} expression, small for good pairs; {left_tie}, {right_tie} columns that decide between equal ones.
-- Input and output: temporary tables taken, open_pairs.
CREATE OR REPLACE TEMP TABLE taken_now AS
SELECT left_row, right_row
FROM open_pairs
QUALIFY row_number() OVER (PARTITION BY left_row ORDER BY {cost}, {right_tie}) = 1
    AND row_number() OVER (PARTITION BY right_row ORDER BY {cost}, {left_tie}) = 1;
INSERT INTO taken FROM taken_now;
CREATE OR REPLACE TEMP TABLE open_pairs AS
FROM open_pairs ANTI JOIN taken_now USING (left_row) ANTI JOIN (SELECT right_row FROM taken_now) USING (right_row);
