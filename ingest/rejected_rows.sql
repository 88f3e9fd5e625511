-- Purpose: the rows that rejected.sql found, for a Parquet file.
-- Parameters: columns of the files; reason, name of the column with the reason; more, further rows; id, the id.
-- Output: the columns, the reason, and what the further rows have.
SELECT {columns}, "@reason" AS {reason}
FROM new.main.data AS data JOIN turned_away ON data.rowid = turned_away."@row"
{more}
ORDER BY {reason}, {id}
