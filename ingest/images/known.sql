-- Purpose: the rows that a collection has of some ids.
-- Parameters: {table} data of the collection.
-- Output: id, checksum, source, ra, dec (deg), pixel_scale (arcsec).
SELECT id, checksum, source, ra, "dec", pixel_scale FROM {table} SEMI JOIN given_ids USING (id)
