-- The rows a CSV scan left out, one row a line of the file; comment lines and blank ones are no rows.
-- Parts: {rejects}, {scans}: the tables read_csv wrote (rejects_table, rejects_scan).
-- Columns: file VARCHAR; line BIGINT, counted from 1; column VARCHAR, NULL for a fault of the whole line;
-- reason VARCHAR; text VARCHAR, the line.
SELECT
    scan.file_path AS file,
    reject.line::BIGINT AS line,
    first(CASE WHEN reject.error_type = 'CAST' THEN reject.column_name END ORDER BY rank) AS "column",
    first(replace(reject.error_message, chr(10), ' ') ORDER BY rank) AS reason,
    first(trim(reject.csv_line, chr(10) || chr(13)) ORDER BY rank) AS text
FROM (SELECT *, (error_type = 'CAST')::INTEGER * 1000000 + column_idx AS rank FROM {rejects}) AS reject
JOIN {scans} AS scan USING (scan_id, file_id)
WHERE NOT starts_with(trim(reject.csv_line, chr(10) || chr(13)), '#') AND trim(reject.csv_line, ' ' || chr(10) || chr(13)) <> ''
GROUP BY ALL
