-- Purpose: what people say that rows are: of each row the word that most of them gave, of equally many the newest.
-- Parameters: {labels} rows of a table of labels.
-- Output: id (text), word (small letters, one _ for what is no letter or digit), people (who said so).
SELECT id, word, people
FROM (
    SELECT
        id, trim(regexp_replace(lower(word), '\W+', '_', 'g'), '_') AS word, count(*) AS people,
        max(labelled_at) AS newest
    FROM {labels}
    WHERE word IS NOT NULL
    GROUP BY ALL
)
WHERE word <> ''
QUALIFY row_number() OVER (PARTITION BY id ORDER BY people DESC, newest DESC, word) = 1
