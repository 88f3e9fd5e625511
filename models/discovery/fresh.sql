-- Purpose: vectors that are of a row of the table, and of the file that row has now.
-- Parameters: {table} rows of the collection; {key} its column of ids; {same} condition over t, the table, and v.
--   The relation `vectors` has id and, where the collection knows it, checksum.
-- Output: id.
SELECT v.id FROM vectors v JOIN {table} t ON t.{key}::VARCHAR = v.id AND {same}
