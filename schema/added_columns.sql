-- Purpose: a table with computed columns beside its own, or in place of those of the same names; rows stay in their order.
-- Parameters: {columns} select list over t, the table, and s, the computed rows; {table} the rows as they are; {key} the
--   column of the table they are found by; {staged} relation of id, no id twice, and the computed columns.
CREATE TABLE new.main.data AS
SELECT {columns}
FROM {table} t LEFT JOIN {staged} s ON s.id = t.{key}
ORDER BY t.rowid
