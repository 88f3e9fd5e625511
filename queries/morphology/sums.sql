-- Purpose: all that pooled fractions, their errors, and the null of galaxies drawn at random need.
-- Parameters: {answers} relation of answers.sql with weight, 0 or more.
-- Output: feature, kind, and over galaxies with m votes of which y say yes (a share f of them) and weight w: n, then sums
--   of the products in the names of the columns.
SELECT
    feature, kind, count(*) AS n,
    sum(m) AS m, sum(m * m) AS mm, sum(m * m * m) AS mmm,
    sum(y) AS y, sum(y * m) AS ym, sum(y * m * m) AS ymm, sum(y * y) AS yy, sum(y * y * m) AS yym, sum(y * y * y) AS yyy,
    sum(y * f) AS yf, sum(w) AS w, sum(w * w) AS ww, sum(w * f) AS wf, sum(w * w * f) AS wwf, sum(w * w * f * f) AS wwff
FROM (SELECT feature, kind, votes AS m, votes * share AS y, share AS f, weight::DOUBLE AS w FROM {answers})
GROUP BY feature, kind
