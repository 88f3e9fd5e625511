-- Purpose: how much rarer the value of a right row is around it than in its whole table: with it, the density of all
--   sources becomes that of the sources like it.
-- Parameters: {shift} bits from healpix_29 to a cell; {weight} rows of the whole table's mixture that each cell is taken
--   to have beside its own, so that few rows do not say much.
-- Input: right_bins (bins.sql).
-- Output: row, ratio.
WITH
everywhere AS (SELECT bin, count(*) / sum(count(*)) OVER () AS share FROM right_bins GROUP BY bin),
mixtures AS (
    SELECT healpix_29 >> {shift} AS cell, bin, count(*) AS n, sum(count(*)) OVER (PARTITION BY healpix_29 >> {shift}) AS n_cell
    FROM right_bins
    GROUP BY 1, 2
),
ratios AS (
    SELECT m.cell, m.bin, e.share / ((m.n + {weight} * e.share) / (m.n_cell + {weight})) AS ratio
    FROM mixtures m JOIN everywhere e USING (bin)
)
SELECT b.row, r.ratio FROM right_bins b JOIN ratios r ON r.cell = b.healpix_29 >> {shift} AND r.bin = b.bin
