-- Purpose: begin the choice of disjoint groups, the most probable first: leading rows none of whose likely groups has a
--   member that another leading row asks for have their best one; the groups of the others are open.
-- Parameters: {groups} relation of groups.sql, of leading rows that are to be served; {claims} relation of (left_row,
--   number, row): members of groups of it that are likely, by the number of their table; {strike} anti-joins with
--   taken_groups by member.
-- Output: temporary tables taken_groups and open_groups (the columns of {groups}).
CREATE OR REPLACE TEMP TABLE contested AS
SELECT DISTINCT left_row
FROM (SELECT left_row, count(DISTINCT left_row) OVER (PARTITION BY number, row) AS n FROM {claims})
WHERE n > 1;
CREATE OR REPLACE TEMP TABLE taken_groups AS
FROM {groups} ANTI JOIN contested USING (left_row) WHERE left_rank = 1;
CREATE OR REPLACE TEMP TABLE open_groups AS
FROM {groups} SEMI JOIN contested USING (left_row) {strike};
