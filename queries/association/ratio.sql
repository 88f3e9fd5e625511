-- Purpose: how much commoner the value of a right row is among secure counterparts than among all right rows.
-- Parameters: {secure} condition on judged.
-- Input: right_bins (bins.sql), judged (judged.sql).
-- Output: row, ratio.
WITH
everywhere AS (SELECT bin, count(*) AS n FROM right_bins GROUP BY bin),
among AS (
    SELECT bin, count(*) AS n FROM judged JOIN right_bins b ON b.row = judged.right_row WHERE {secure} GROUP BY bin
),
ratios AS (
    SELECT
        e.bin,
        ((coalesce(a.n, 0) + 1) / (sum(coalesce(a.n, 0)) OVER () + count(*) OVER ())) / (e.n / sum(e.n) OVER ()) AS ratio
    FROM everywhere e LEFT JOIN among a USING (bin)
)
SELECT row, ratio FROM right_bins JOIN ratios USING (bin)
