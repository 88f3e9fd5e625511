-- Purpose: one pass over the files: all rows into the table, those that can stay in the order of the sky, the others last.
-- Parameters: rows, with healpix_29 where the table has positions; key, healpix_29 or the id; id, the id.
CREATE TABLE new.main.data AS FROM {rows} ORDER BY {key} NULLS LAST, {id} NULLS LAST;
