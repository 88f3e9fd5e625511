-- The rows a CSV scan left out, one row a line of the file; comment lines and blank ones are no rows. A line that begins
-- with # is a row if it has all the values, or if it is cut into values and no blank follows the #.
-- Parts: {rejects}, {scans}: the tables read_csv wrote (rejects_table, rejects_scan); {protocol}: before the paths of
-- files, maybe; {above}: lines of the file that DuckDB did not see; {delimiter}: between values, as text.
-- Columns: file VARCHAR; line BIGINT, counted from 1; column VARCHAR, NULL for a fault of the whole line;
-- reason VARCHAR; text VARCHAR, the line.
SELECT
    replace(scan.file_path, {protocol}, '') AS file,
    reject.line::BIGINT + {above} AS line,
    first(CASE WHEN reject.error_type = 'CAST' THEN reject.column_name END ORDER BY rank) AS "column",
    first(replace(reject.error_message, chr(10), ' ') ORDER BY rank) AS reason,
    first(reject.text ORDER BY rank) AS text
FROM (
    SELECT
        *,
        (error_type = 'CAST')::INTEGER * 1000000 + column_idx AS rank,
        trim(csv_line, chr(10) || chr(13)) AS text
    FROM {rejects}
) AS reject
JOIN {scans} AS scan USING (scan_id, file_id)
WHERE trim(reject.text, ' ') <> ''
GROUP BY scan.file_path, reject.line
HAVING NOT starts_with(first(reject.text), '#')
    OR NOT bool_or(reject.error_type IN ('MISSING COLUMNS', 'TOO MANY COLUMNS'))
    OR (contains(first(reject.text), {delimiter}) AND NOT regexp_matches(first(reject.text), '^#\s'))
