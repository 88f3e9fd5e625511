-- Purpose: which share of the left rows is in a pair, by magnitude and by galactic latitude.
-- Parameters: {rows} relation of (id, value), the left rows that ask; {ids} relation of (id, p_match), a row a pair;
--   {low}, {step} of the bins.
-- Output: bin, rows, matched, claimed (expected number of them with a counterpart among the pairs, or NULL).
WITH asked AS (SELECT id, floor((value - {low}) / {step})::INTEGER AS bin FROM {rows} WHERE isfinite(value)),
found AS (SELECT id, sum(p_match)::DOUBLE AS claimed FROM {ids} SEMI JOIN asked USING (id) GROUP BY id)
SELECT bin, count(*) AS rows, count(found.id) AS matched, sum(claimed) AS claimed
FROM asked LEFT JOIN found USING (id)
GROUP BY bin
ORDER BY bin
