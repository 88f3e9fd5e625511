-- Purpose: for each group, the weight of its candidates making other objects, against none: the sum over all sets of
--   other objects, over the sum over those that leave the group its members.
-- Parameters: {groups} relation of (id, left_row, members); {packings} relation of packings.sql.
-- Output: id, ln_others; of groups whose leading row has any other objects.
SELECT g.id, ln((1 + any_value(z.whole)) / (1 + coalesce(sum(p.weight) FILTER (NOT list_has_any(p.members, g.members)), 0))) AS ln_others
FROM {groups} g
JOIN {packings} p USING (left_row)
JOIN (SELECT left_row, sum(weight) AS whole FROM {packings} GROUP BY left_row) z USING (left_row)
GROUP BY g.id
