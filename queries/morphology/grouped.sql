-- Purpose: the votes on galaxies of groups.
-- Parameters: {groups} relation of (id text, number); {votes} relation of the table of votes; {id} its identifier; {type}
--   the type of that.
-- Output: the columns of the table, and __group.
SELECT v.*, g.number AS __group FROM {votes} v JOIN {groups} g ON v.{id} = TRY_CAST(g.id AS {type})
