-- Purpose: one more object beside those that candidates of a leading row could make without it.
-- Parameters: {packings} relation of (left_row, members, weight, last), sets of objects no two of which share a candidate,
--   with the number of their last one; {objects} relation of (left_row, members, weight, id); {most} sets of a leading row.
-- Output: that of {packings}, each with one object more.
SELECT p.left_row, list_concat(p.members, o.members) AS members, p.weight * o.weight AS weight, o.id AS last
FROM {packings} p
JOIN {objects} o ON o.left_row = p.left_row AND o.id > p.last AND NOT list_has_any(o.members, p.members)
QUALIFY row_number() OVER (PARTITION BY p.left_row ORDER BY p.weight * o.weight DESC, p.last, o.id) <= {most}
