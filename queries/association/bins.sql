-- Purpose: the rows of a table in bins of a value.
-- Parameters: {rows} the table; {value} expression over it; {bins} of equal numbers of rows.
-- Output: row, healpix_29, bin (0 for rows without a value).
SELECT
    rowid AS row, healpix_29,
    CASE WHEN isfinite({value}) THEN ntile({bins}) OVER (PARTITION BY isfinite({value}) ORDER BY {value}) ELSE 0 END AS bin
FROM {rows}
