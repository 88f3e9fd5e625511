-- Purpose: neighbours with what is known of their images, the most similar first.
-- Parameters: {neighbours} relation of queries.likeness.in_sql.COLUMNS; {images} table of the collection.
-- Output: rank, similarity, target_sep_arcsec (from the target), and all columns of the images.
SELECT n.rank, n.similarity, n.sep_arcsec AS target_sep_arcsec, i.*
FROM {neighbours} n JOIN {images} i ON i.id = n.id
ORDER BY n.rank
