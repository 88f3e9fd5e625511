-- Purpose: how many galaxies are of each class.
-- Parameters: {rows} relation with the columns of a table of votes; {class} SQL of the class.
-- Output: class (NULL for galaxies without one), galaxies; most frequent first.
SELECT class, count(*) AS galaxies FROM (SELECT {class} AS class FROM {rows}) GROUP BY class ORDER BY galaxies DESC, class
