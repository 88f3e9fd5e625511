-- Purpose: how right the estimates of knn.sql are.
-- Parameters: {estimates} relation of knn.sql; {values} relation of (id text, target, value, noise), the queries' own
--   answers and the variance that few volunteers give them; {limits} list: how many prediction errors hold the wanted
--   share for n = 1, 2, ... neighbours.
-- Output: target, n (queries with an estimate and an answer), r2, rmse, mae, bias (mean of estimate - answer), coverage
--   (share of answers within the limits, of the intervals there are), noise_rmse (what volunteers alone make of the
--   error) and best_r2 (what no estimate can beat for that reason).
WITH compared AS (
    SELECT
        e.target, e.estimate, v.value, v.noise, e.estimate - v.value AS error,
        {limits}[e.n] * e.prediction_error AS reach
    FROM {estimates} e JOIN {values} v ON e.query = v.id AND e.target = v.target
    WHERE isfinite(v.value) AND isfinite(e.estimate)
)
SELECT
    target, count(*) AS n, 1 - sum(error * error) / nullif(sum(pow(value, 2)) - pow(sum(value), 2) / count(*), 0) AS r2,
    sqrt(avg(error * error)) AS rmse, avg(abs(error)) AS mae, avg(error) AS bias,
    avg((abs(error) <= reach)::INTEGER) AS coverage,
    sqrt(avg(noise)) AS noise_rmse, 1 - avg(noise) / nullif(var_pop(value), 0) AS best_r2
FROM compared GROUP BY target ORDER BY target
