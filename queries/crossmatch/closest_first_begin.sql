-- Purpose: begin the closest-pair-first selection: mutual nearest pairs are taken at once; what remains open are the
--   other pairs neither of whose rows is taken.
-- Input: ranked. Output: temporary tables taken (left_id, right_id) and open_pairs (left_id, right_id, chord2).
CREATE TEMP TABLE taken AS
SELECT left_id, right_id FROM ranked WHERE left_rank = 1 AND right_rank = 1;
CREATE TEMP TABLE open_pairs AS
WITH rest AS MATERIALIZED (SELECT left_id, right_id, chord2 FROM ranked WHERE left_rank > 1 OR right_rank > 1)
FROM rest
ANTI JOIN (FROM taken SEMI JOIN rest USING (left_id)) USING (left_id)
ANTI JOIN (FROM taken SEMI JOIN rest USING (right_id)) USING (right_id);
