-- Purpose: figures of a collection of images.
-- Parameters: {table}, the collection.
-- Output: one row: images by format; smallest and largest width and height (pixels) and pixel scale (arcsec).
SELECT
    (SELECT map(list(format ORDER BY format), list(n ORDER BY format))::VARCHAR
     FROM (SELECT format, count(*) AS n FROM {table} GROUP BY format)) AS formats,
    min(width) AS least_width, max(width) AS largest_width, min(height) AS least_height, max(height) AS largest_height,
    min(pixel_scale) AS least_pixel_scale, max(pixel_scale) AS largest_pixel_scale, max(added) AS last_added
FROM {table}
