-- Purpose: the images of a collection, and what likeness can be filtered by.
-- Parameters: {images} table of the collection; {position} its columns of positions.
-- Output: id, ra, dec (deg), source, checksum, format, width, height (pixels), pixel_scale (arcsec).
SELECT id, {position}, source, checksum, format, width, height, pixel_scale FROM {images} ORDER BY id
