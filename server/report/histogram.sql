-- Purpose: the pairs of a match by the value of a column.
-- Parameters: {pairs} its table; {value} expression over it; {bins} from 0 to {top}, the last with its upper edge;
--   {wrong} expression: chance that the pair is wrong, or NULL.
-- Output: bin (0 to bins - 1; -1 for values elsewhere), pairs, wrong (their expected number).
SELECT
    CASE WHEN {value} BETWEEN 0 AND {top} THEN least(floor({value} / {top} * {bins}), {bins} - 1) ELSE -1 END::INTEGER
        AS bin,
    count(*) AS pairs, sum({wrong})::DOUBLE AS wrong
FROM {pairs}
WHERE sep_arcsec IS NOT NULL
GROUP BY bin
ORDER BY bin
