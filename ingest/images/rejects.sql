-- Purpose: the temporary table all_refused: images refused now, and those refused earlier whose place nobody has looked
--   at since.
-- Parameters: earlier, a relation with the columns of refused.
CREATE OR REPLACE TEMP TABLE all_refused AS
SELECT DISTINCT id, source, ra, "dec", reason, detail FROM (
    FROM refused
    UNION ALL BY NAME
    SELECT * FROM {earlier} e
    WHERE e.source IS NULL
       OR e.source NOT IN (SELECT source FROM staged UNION ALL SELECT source FROM refused WHERE source IS NOT NULL)
)
ORDER BY reason, id, source
