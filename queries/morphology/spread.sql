-- Purpose: the middle and the spread of a number.
-- Parameters: {rows} relation; {value} SQL of the number.
-- Output: n (finite ones), median, low and high (16 and 84 percent: one standard deviation of a normal distribution).
SELECT
    count(*) AS n, quantile_cont(value, 0.5) AS median, quantile_cont(value, 0.16) AS low,
    quantile_cont(value, 0.84) AS high
FROM (SELECT ({value})::DOUBLE AS value FROM {rows}) WHERE isfinite(value)
