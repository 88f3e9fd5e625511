-- Purpose: the rows of the next version of a collection, without the key.
-- Parameters: old, the rows as they are, but the key; others, columns that others have added to them: they stay where the
--   bytes of the image are the same.
(
    SELECT * FROM (
        SELECT s.id, s.ra, s."dec", s.source, s.checksum, s.format, s.width, s.height, s.pixel_scale,
            coalesce(o.added, (now() AT TIME ZONE 'UTC')::TIMESTAMP) AS added{others}
        FROM staged s LEFT JOIN {old} o ON s.was_same AND o.id = s.id
        UNION ALL BY NAME
        SELECT * FROM {old} ANTI JOIN staged USING (id) ANTI JOIN removed USING (id)
    )
)
