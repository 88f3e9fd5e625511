-- Purpose: what others.sql gives, where candidates make too many other objects to sum over all sets of them: each
--   candidate belongs to its best object, and the objects that a group takes members of are told apart from each other.
-- Parameters: {groups} relation of (id, left_row, members); {objects} relation of (left_row, members, weight, id).
-- Output: id, ln_others.
WITH
held AS (SELECT left_row, unnest(members) AS member, id, weight FROM {objects}),
best AS (
    SELECT left_row, member, max_by(id, weight) AS label, ln(1 + sum(weight)) AS ln_any
    FROM held
    GROUP BY left_row, member
),
labelled AS (SELECT left_row, member, label, max(ln_any) OVER (PARTITION BY left_row, label) AS ln_any FROM best)
SELECT id, sum(ln_any) AS ln_others
FROM (
    SELECT DISTINCT g.id, b.label, b.ln_any
    FROM (SELECT id, left_row, unnest(members) AS member FROM {groups}) g JOIN labelled b USING (left_row, member)
)
GROUP BY id
