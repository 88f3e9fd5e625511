-- Purpose: which images of a collection have votes.
-- Parameters: {images} relation of (id, ra, dec); {values} relation of (id, target, value), the votes.
-- Output: id, ra, dec (deg), has_votes.
SELECT i.id, i.ra, i.dec, v.id IS NOT NULL AS has_votes
FROM {images} i LEFT JOIN (SELECT DISTINCT id FROM {values} WHERE isfinite(value)) v ON v.id = i.id
ORDER BY i.id
