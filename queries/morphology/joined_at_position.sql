-- Purpose: images and the votes nearest to them on the sky.
-- Parameters: {pairs} the band join of schema/band_join.sql, images on the left.
-- Output: image, voted (the id of the votes): one for each image.
SELECT left_id AS image, arg_min(right_id, (chord2, right_id)) AS voted FROM ({pairs}) GROUP BY left_id
