-- Purpose: the rows of a table of addresses, as images to look at.
-- Parameters: rows, laid out (id, columns of the file, position in degrees ICRS, the key: NULL where there is no position);
--   id, address, ra, dec, scale: columns, or NULL; given, whether a row has both angles; readable, whether they can be
--   read; key; unreadable, impossible: words for those that cannot be positions.
-- Output: id, address, ra and dec (degrees; NULL where the row has none), pixel scale (arcsec), reason (NULL if good).
SELECT
    {id}::VARCHAR,
    nullif(trim({address}::VARCHAR), ''),
    CASE WHEN {given} THEN {ra}::DOUBLE END,
    CASE WHEN {given} THEN {dec}::DOUBLE END,
    CASE WHEN TRY_CAST({scale} AS DOUBLE) > 0 THEN TRY_CAST({scale} AS DOUBLE) END,
    CASE
        WHEN NOT ({given}) THEN NULL
        WHEN NOT ({readable}) THEN {unreadable}
        WHEN {key} IS NULL AND {id} IS NOT NULL THEN {impossible}
    END
FROM {rows}
ORDER BY 1, 2
