-- Purpose: the next version of a table of labels: of each image and person the newest.
-- Parameters: {given} relation of id, labelled_by, score, word, labelled_at, none twice; {old} the rows as they are.
CREATE TABLE new.main.data AS
FROM (
    FROM {given}
    UNION ALL BY NAME
    FROM {old} ANTI JOIN {given} USING (id, labelled_by)
)
ORDER BY id, labelled_by
