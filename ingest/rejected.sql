-- Purpose: find the rows of a table being built that cannot stay, and why.
--   Ids that occur twice stand side by side in the order of `alike`: sorting takes half the time of grouping, and less
--   memory. A text is sorted by its hash; that of another text may be the same, so the ids themselves have the last word.
-- Parameters: cannot_stay, rows that have no place in the table; reason, why; id, the id; alike, a number that is the same
--   for equal ids; first, columns: of rows with the same id stays the one that sorts first by them; unread, lines the
--   reader left out; unreadable, why.
-- Tables: turned_away (@row: rowid in new.main.data, @reason), unread (file, line, text, @reason; one row a line).
CREATE OR REPLACE TEMP TABLE turned_away AS
SELECT rowid AS "@row", {reason} AS "@reason" FROM new.main.data WHERE {cannot_stay}
UNION ALL
SELECT "@row", 'duplicate id'
FROM (
    SELECT rowid AS "@row", row_number() OVER (PARTITION BY {id} ORDER BY {first}) AS "@place"
    FROM new.main.data
    WHERE NOT ({cannot_stay})
      AND {alike} IN (
          SELECT alike
          FROM (
              SELECT alike, lag(alike) OVER () AS before
              FROM (SELECT {alike} AS alike FROM new.main.data WHERE NOT ({cannot_stay}) ORDER BY ALL)
          )
          WHERE alike = before
      )
)
WHERE "@place" > 1;

CREATE OR REPLACE TEMP TABLE unread AS
SELECT file, line, any_value(text) AS text, min({unreadable}) AS "@reason" FROM {unread} GROUP BY file, line;
