-- Purpose: how far neighbours are in the space of their vectors.
-- Parameters: {neighbours} relation of (similarity), the cosine.
-- Output: n; least, median and most similarity; nearest, mean and farthest distance of the ends of the unit vectors.
SELECT
    count(*) AS n, min(similarity) AS least, median(similarity) AS median, max(similarity) AS most,
    min(distance) AS nearest, avg(distance) AS mean, max(distance) AS farthest
FROM (SELECT similarity, sqrt(greatest(2 - 2 * similarity, 0)) AS distance FROM {neighbours})
