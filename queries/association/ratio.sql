-- Purpose: how much commoner the value of a right row is among secure counterparts than among all right rows.
-- Parameters: {rows} the right table; {value} expression over it; {bins} of equal numbers of rows; {secure} condition on
--   judged.
-- Output: row, ratio.
WITH
binned AS (
    SELECT
        rowid AS row,
        CASE WHEN isfinite({value}) THEN ntile({bins}) OVER (PARTITION BY isfinite({value}) ORDER BY {value}) ELSE 0 END AS bin
    FROM {rows}
),
everywhere AS (SELECT bin, count(*) AS n FROM binned GROUP BY bin),
among AS (SELECT bin, count(*) AS n FROM judged JOIN binned ON binned.row = judged.right_row WHERE {secure} GROUP BY bin),
ratios AS (
    SELECT
        e.bin,
        ((coalesce(a.n, 0) + 1) / (sum(coalesce(a.n, 0)) OVER () + count(*) OVER ())) / (e.n / sum(e.n) OVER ()) AS ratio
    FROM everywhere e LEFT JOIN among a USING (bin)
)
SELECT row, ratio FROM binned JOIN ratios USING (bin)
