-- Purpose: how many of the leading rows have so many counterparts in their most probable group.
-- Parameters: {groups} table of groups; {lead} column of ids of the leading table.
-- Output: members (tables with a counterpart), rows; leading rows in no group are not among them.
SELECT n_tables - 1 AS members, count(*) AS rows
FROM {groups}
WHERE {lead} IS NOT NULL AND coalesce(left_rank, 1) = 1
GROUP BY members
ORDER BY members
