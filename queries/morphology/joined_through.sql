-- Purpose: images and their votes, through a table that has the ids of both.
-- Parameters: {images} relation of (id text); {through} the table; {image} its column of images; {image_type} the type of
--   that; {voted} its column of votes; {votes} relation of the table of votes; {id} its identifier; {type} the type of that.
-- Output: image, voted (the id of the votes): one for each image.
SELECT i.id AS image, min(v.{id}) AS voted
FROM {images} i
JOIN {through} t ON t.{image} = TRY_CAST(i.id AS {image_type})
JOIN {votes} v ON v.{id} = TRY_CAST(t.{voted} AS {type})
GROUP BY i.id
