-- Purpose: what the nearest neighbours of each query say of it.
-- Parameters: {neighbours} relation of (query, id, similarity), texts and the cosine; {k} nearest that are asked;
--   {values} relation of (id text, target, value), the neighbours' answers.
-- Output: query, target, n (neighbours that answered), estimate (their mean, weighted by similarity where that is
--   positive), standard_error (of the mean), prediction_error (of the answer of one galaxy like them: their scatter and
--   that of the mean); errors are NULL for n = 1.
WITH ranked AS (
    SELECT query, id, max(similarity) AS similarity
    FROM {neighbours} WHERE query <> id AND isfinite(similarity)
    GROUP BY query, id
    QUALIFY row_number() OVER (PARTITION BY query ORDER BY max(similarity) DESC, id) <= {k}
),
means AS (
    SELECT
        query, target, count(*) AS n, sum(w * value) / sum(w) AS estimate, pow(sum(w), 2) / sum(w * w) AS independent,
        greatest(sum(w * value * value) / sum(w) - pow(sum(w * value) / sum(w), 2), 0) AS variance
    FROM (
        SELECT r.query, v.target, v.value, r.similarity AS w
        FROM ranked r JOIN {values} v ON r.id = v.id
        WHERE isfinite(v.value) AND r.similarity > 0
    )
    GROUP BY query, target
),
scattered AS (SELECT *, CASE WHEN n > 1 THEN variance * independent / (independent - 1) END AS scatter FROM means)
SELECT
    query, target, n, estimate, sqrt(scatter / independent) AS standard_error,
    sqrt(scatter * (1 + 1 / independent)) AS prediction_error
FROM scattered ORDER BY query, target
