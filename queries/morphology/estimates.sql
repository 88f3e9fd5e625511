-- Purpose: estimates of knn.sql, a row an image.
-- Parameters: {images} relation of the images wanted (id, ra, dec, has_votes); {estimates} relation of knn.sql;
--   {columns} select list of aggregates over the estimates of an image.
-- Output: id, ra, dec (deg), has_votes, neighbours (that answered some question), and the columns.
SELECT i.id, i.ra, i.dec, i.has_votes, coalesce(max(e.n), 0)::INTEGER AS neighbours, {columns}
FROM {images} i LEFT JOIN {estimates} e ON e.query = i.id
GROUP BY i.id, i.ra, i.dec, i.has_votes ORDER BY i.id
