-- Purpose: each row with a neighbour begins as a group of its own.
-- Input: ranked. Output: temporary table groups (id, group_id).
CREATE TEMP TABLE groups AS SELECT DISTINCT left_id AS id, left_id AS group_id FROM ranked;
