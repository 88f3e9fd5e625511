-- Purpose: how far apart positions are, in pairs.
-- Parameters: {positions} relation of (ra, dec, similarity), degrees; {most} of them that are compared, the most similar
--   first; {close_arcsec} what counts as close; {query_ra}, {query_dec} degrees, or NULL.
-- Output: median_deg and nearest_arcsec of the pairs (NULL without any), in_close_pairs and near_query (positions; NULL
--   where there is no query).
WITH placed AS (
    SELECT
        row_number() OVER (ORDER BY similarity DESC, ra, dec) AS place,
        unit_x(ra, dec) AS x, unit_y(ra, dec) AS y, unit_z(dec) AS z
    FROM {positions} WHERE isfinite(ra) AND isfinite(dec)
),
compared AS (SELECT * FROM placed WHERE place <= {most}),
pairs AS (
    SELECT
        a.place AS one, b.place AS other,
        chord2_arcsec(pow(a.x - b.x, 2) + pow(a.y - b.y, 2) + pow(a.z - b.z, 2)) AS sep_arcsec
    FROM compared a JOIN compared b ON a.place < b.place
),
close AS (SELECT unnest([one, other]) AS place FROM pairs WHERE sep_arcsec < {close_arcsec}),
query AS (SELECT unit_x({query_ra}, {query_dec}) AS x, unit_y({query_ra}, {query_dec}) AS y, unit_z({query_dec}) AS z)
SELECT
    (SELECT median(sep_arcsec) / 3600 FROM pairs) AS median_deg,
    (SELECT min(sep_arcsec) FROM pairs) AS nearest_arcsec,
    (SELECT count(DISTINCT place) FROM close) AS in_close_pairs,
    (
        SELECT CASE WHEN any_value(q.x) IS NOT NULL THEN count(*) FILTER (
            chord2_arcsec(pow(p.x - q.x, 2) + pow(p.y - q.y, 2) + pow(p.z - q.z, 2)) < {close_arcsec}
        ) END
        FROM placed p, query q
    ) AS near_query
