-- Purpose: begin the closest-pair-first selection: mutual nearest pairs are taken at once; what remains open are the
--   other pairs neither of whose rows is taken.
-- Input: ranked. Output: temporary tables taken (left_row, right_row) and open_pairs (rows, ids, chord2).
CREATE TEMP TABLE taken AS
SELECT left_row, right_row FROM ranked WHERE left_rank = 1 AND right_rank = 1;
CREATE TEMP TABLE open_pairs AS
SELECT left_row, right_row, left_id, right_id, chord2
FROM ranked
ANTI JOIN taken USING (left_row)
ANTI JOIN (SELECT right_row FROM taken) USING (right_row);
