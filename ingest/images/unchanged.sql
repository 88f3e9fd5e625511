-- Purpose: take images out of staged that the collection has as they are.
-- Parameters: {table} data of the collection.
-- Output: their ids.
DELETE FROM staged USING {table} o
WHERE staged.was_same AND o.id = staged.id AND o.source = staged.source AND o.ra IS NOT DISTINCT FROM staged.ra
  AND o."dec" IS NOT DISTINCT FROM staged."dec" AND o.pixel_scale IS NOT DISTINCT FROM staged.pixel_scale
RETURNING staged.id
