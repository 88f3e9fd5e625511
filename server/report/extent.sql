-- Purpose: how many pairs a match lists and how far apart they are.
-- Parameters: {pairs} its table; {one_in} so many rows one is taken for the quantiles.
-- Output: pairs, closest_arcsec, farthest_arcsec, quantiles_arcsec (list: median, 99.5 %).
SELECT
    count(*) AS pairs, min(sep_arcsec) AS closest_arcsec, max(sep_arcsec) AS farthest_arcsec,
    quantile_cont(sep_arcsec, [0.5, 0.995]) FILTER (rowid % {one_in} = 0) AS quantiles_arcsec
FROM {pairs}
WHERE sep_arcsec IS NOT NULL
