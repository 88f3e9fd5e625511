-- Purpose: labels to learn from: of people where they gave one, else those of a column.
-- Parameters: {column} relation of (id, label), as the column has them; {said} relation of (id, word), by people;
--   {classes} list of (word, label): the class each word is; {type} of the ids.
-- Output: id, label.
SELECT coalesce(c.id, TRY_CAST(s.id AS {type})) AS id, coalesce(s.label, c.label::VARCHAR) AS label
FROM {column} c
FULL JOIN (SELECT id, m.label FROM ({said}) JOIN (VALUES {classes}) m(word, label) USING (word)) s
    ON s.id = c.id::VARCHAR
