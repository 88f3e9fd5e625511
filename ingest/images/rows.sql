-- Purpose: the rows of the next version of a collection, without the key.
-- Parameters: old, rows as they are, but those that have been looked at anew; columns of others are kept.
(
    SELECT * EXCLUDE (part, place) FROM (
        SELECT id, ra, "dec", source, checksum, format, width, height, pixel_scale,
            (now() AT TIME ZONE 'UTC')::TIMESTAMP AS added, 1 AS part, place
        FROM staged
        UNION ALL BY NAME
        {old}
    )
)
