-- Purpose: neighbours with their votes.
-- Parameters: {neighbours} relation of (id text, similarity); {votes} relation of the table of votes; {id} its
--   identifier; {type} the type of that.
-- Output: the columns of the table, __similarity, and __weight, which is the similarity or 0 where that is negative.
SELECT v.*, n.similarity AS __similarity, greatest(n.similarity, 0) AS __weight
FROM {votes} v JOIN {neighbours} n ON v.{id} = TRY_CAST(n.id AS {type})
