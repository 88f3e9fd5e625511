-- Purpose: begin the selection of the best pair first: mutual best pairs are taken at once; what remains open are the
--   other pairs neither of whose rows is taken.
-- Parameters: {pairs} relation of (left_row, right_row, left_rank, right_rank, and what {cost} and the tie-breaks need).
-- Output: temporary tables taken (left_row, right_row) and open_pairs (the columns of {pairs}).
CREATE OR REPLACE TEMP TABLE taken AS
SELECT left_row, right_row FROM {pairs} WHERE left_rank = 1 AND right_rank = 1;
CREATE OR REPLACE TEMP TABLE open_pairs AS
FROM {pairs}
ANTI JOIN taken USING (left_row)
ANTI JOIN (SELECT right_row FROM taken) USING (right_row);
