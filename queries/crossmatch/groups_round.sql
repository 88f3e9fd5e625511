-- Purpose: one round of label propagation with pointer jumping.
-- Input: ranked, groups. Output: temporary table groups_next (id, group_id).
CREATE OR REPLACE TEMP TABLE groups_linked AS
SELECT id, least(group_id, neighbour) AS group_id
FROM groups
JOIN (
    SELECT r.left_id AS id, min(g.group_id) AS neighbour
    FROM ranked r JOIN groups g ON g.id = r.right_id
    GROUP BY r.left_id
) USING (id);
CREATE OR REPLACE TEMP TABLE groups_next AS
SELECT l.id, least(l.group_id, leader.group_id) AS group_id
FROM groups_linked l JOIN groups_linked leader ON leader.id = l.group_id;
