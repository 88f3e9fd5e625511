-- Purpose: the picture that most volunteers call a spiral.
-- Parameters: {images} collection; {votes} table of votes.
-- Output: id, source.
SELECT i.id, i.source
FROM {images} i JOIN {votes} v ON v.id = i.id
ORDER BY v.spiral_spiral DESC, i.id
LIMIT 1
