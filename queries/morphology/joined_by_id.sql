-- Purpose: images and their votes, by the same id.
-- Parameters: {images} relation of (id text); {votes} relation of the table of votes; {id} its identifier; {type} the type
--   of that.
-- Output: image, voted (the id of the votes).
SELECT DISTINCT i.id AS image, v.{id} AS voted
FROM {images} i JOIN {votes} v ON v.{id} = TRY_CAST(i.id AS {type})
