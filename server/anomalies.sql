-- Purpose: the most unusual images of a collection, with all that is known of them.
-- Parameters: {images} table of the collection; {id} its column of ids; {score} the column to go by; {next} that of equal
--   ones; {first} columns to begin with; {among} condition over i.
-- Output: rank from 1, {first}, and the other columns of the images.
SELECT row_number() OVER (ORDER BY i.{score} DESC, i.{next} DESC, i.{id}) AS rank, {first}, i.* EXCLUDE ({first})
FROM {images} i
WHERE i.{score} IS NOT NULL AND {among}
ORDER BY rank
