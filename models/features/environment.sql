-- Purpose: galaxies around a source: how many, and how many of them red. A cluster is an overdensity of galaxies.
-- Parameters: {rows} relation with the standard inputs; {pairs} relation of band_join.sql within 5 arcmin, left ids and
--   right ids row * 1024 + colour of places.sql; {others} condition that a pair is not of a source with itself.
-- Output: the columns of rows, and galaxies_<n>arcmin: extended sources within 1, 3, 5 arcmin, the source itself left
--   out; red_fraction_<n>arcmin: share of those of known colour with g - r > 0.85, which parts the red sequence beyond
--   z = 0.05 from star-forming galaxies (Strateva et al. 2001, AJ 122, 1861); same_colour_<n>arcmin: those with a g - r
--   within 0.1 mag of the source's own, as galaxies of one cluster have (Gladders & Yee 2000, AJ 120, 2148).
SELECT
    c.*,
    CASE WHEN c.healpix_29 IS NOT NULL THEN coalesce(n_1, 0) END AS galaxies_1arcmin,
    CASE WHEN c.healpix_29 IS NOT NULL THEN coalesce(n_3, 0) END AS galaxies_3arcmin,
    CASE WHEN c.healpix_29 IS NOT NULL THEN coalesce(n_5, 0) END AS galaxies_5arcmin,
    red_1 / nullif(known_1, 0) AS red_fraction_1arcmin,
    red_3 / nullif(known_3, 0) AS red_fraction_3arcmin,
    red_5 / nullif(known_5, 0) AS red_fraction_5arcmin,
    CASE WHEN c.healpix_29 IS NOT NULL AND c.g - c.r IS NOT NULL THEN coalesce(same_1, 0) END AS same_colour_1arcmin,
    CASE WHEN c.healpix_29 IS NOT NULL AND c.g - c.r IS NOT NULL THEN coalesce(same_3, 0) END AS same_colour_3arcmin,
    CASE WHEN c.healpix_29 IS NOT NULL AND c.g - c.r IS NOT NULL THEN coalesce(same_5, 0) END AS same_colour_5arcmin
FROM {rows} c
LEFT JOIN (
    SELECT
        "row",
        count(*) FILTER (chord2 <= pow(chord_limit(1 / 60.0), 2)) AS n_1,
        count(*) FILTER (chord2 <= pow(chord_limit(3 / 60.0), 2)) AS n_3,
        count(*) AS n_5,
        count(*) FILTER (its > 0 AND chord2 <= pow(chord_limit(1 / 60.0), 2)) AS known_1,
        count(*) FILTER (its > 0 AND chord2 <= pow(chord_limit(3 / 60.0), 2)) AS known_3,
        count(*) FILTER (its > 0) AS known_5,
        count(*) FILTER (its > 586 AND chord2 <= pow(chord_limit(1 / 60.0), 2)) AS red_1,
        count(*) FILTER (its > 586 AND chord2 <= pow(chord_limit(3 / 60.0), 2)) AS red_3,
        count(*) FILTER (its > 586) AS red_5,
        count(*) FILTER (alike AND chord2 <= pow(chord_limit(1 / 60.0), 2)) AS same_1,
        count(*) FILTER (alike AND chord2 <= pow(chord_limit(3 / 60.0), 2)) AS same_3,
        count(*) FILTER (alike) AS same_5
    FROM (
        SELECT
            left_id >> 10 AS "row", chord2, right_id & 1023 AS its,
            (left_id & 1023) > 0 AND (right_id & 1023) > 0 AND abs((left_id & 1023) - (right_id & 1023)) <= 10 AS alike
        FROM ({pairs})
        WHERE {others}
    )
    GROUP BY "row"
) e ON e."row" = c."row"
