-- Purpose: votes and volunteers of smooth and of spiral galaxies, and how many questions a volunteer answered.
-- Parameters: {table} the table of votes; {total_votes}, {total_classifications} of a galaxy; {smooth}, {spiral}
--   conditions for a galaxy to count as one (it may be both).
-- Output: class, quantity (total_votes, total_classifications, votes_per_classification), count, mean, std, min, q1,
--   median, q3, max.
WITH galaxies AS (
    SELECT
        {total_votes} AS total_votes, {total_classifications} AS total_classifications,
        {smooth} AS is_smooth, {spiral} AS is_spiral
    FROM {table}
),
classed AS (
    SELECT 'smooth' AS class, total_votes, total_classifications FROM galaxies WHERE is_smooth
    UNION ALL
    SELECT 'spiral', total_votes, total_classifications FROM galaxies WHERE is_spiral
),
told AS (
    SELECT class, unnest([
        {'place': 1, 'quantity': 'total_votes', 'value': total_votes::DOUBLE},
        {'place': 2, 'quantity': 'total_classifications', 'value': total_classifications::DOUBLE},
        {
            'place': 3, 'quantity': 'votes_per_classification',
            'value': total_votes::DOUBLE / nullif(total_classifications, 0)
        }
    ], recursive := true)
    FROM classed
)
SELECT
    class, quantity, count(value) AS count, avg(value) AS mean, stddev_samp(value) AS std, min(value) AS min,
    quantile_cont(value, 0.25) AS q1, median(value) AS median, quantile_cont(value, 0.75) AS q3, max(value) AS max
FROM told GROUP BY class, quantity, place ORDER BY class, place
