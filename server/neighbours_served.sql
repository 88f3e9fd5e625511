-- Purpose: neighbours with what is known of their images, the most similar first, as the service answers them.
-- Parameters: {neighbours} a call of similar(); {target} the column of the target, of many; {images} table of the
--   collection; {thumbnails} the column of addresses of thumbnails, or nothing.
-- Output: target (of many), rank, similarity, target_sep_arcsec, all columns of the images, thumbnail (of images).
SELECT {target} n.rank, n.similarity, n.sep_arcsec AS target_sep_arcsec, i.*{thumbnails}
FROM {neighbours} AS n JOIN {images} i ON i.id = n.id
ORDER BY {target} n.rank
