-- Purpose: how a source varies, from its light curve.
-- Parameters: {rows} relation with the standard inputs; {curves} relation of (survey, object_id, band, mjd, mag, error):
--   a measurement a row, days and mag; {keys} relation of (curve, survey, object_id): which rows have which light curve;
--   {names} number of surveys: curve is row * names + the number of the survey.
-- Output: the columns of rows, and
--   lc_points, lc_span_days; lc_amplitude_mag: largest minus smallest magnitude, in the band where that is most;
--   lc_excess_variance: the variance of the flux beyond its errors over the squared mean flux (Nandra et al. 1997, ApJ
--   476, 70; Vaughan et al. 2003, MNRAS 345, 1271), mean of the bands by their points;
--   lc_chi2_reduced: against a constant in each band; lc_stetson_j (Stetson 1996, PASP 108, 851) with pairs of
--   measurements that follow each other within half a day, in any bands, and all weights 1;
--   of the band with most points: lc_asymmetry: (median - brightest) / (faintest - brightest), near 1 for outbursts;
--   lc_rise_mag_per_day from the first point to the brightest, the earliest of equally bright ones, lc_fall_mag_per_day
--   from there to the last; of points at one time the brightest comes first.
SELECT c.*, v.* EXCLUDE ("row")
FROM {rows} c
LEFT JOIN (
    WITH points AS (
        SELECT k.curve, c.band, c.mjd, c.mag, c.error
        FROM {curves} c
        JOIN {keys} k ON k.survey = c.survey AND k.object_id = c.object_id
        WHERE isfinite(c.mag) AND isfinite(c.mjd) AND c.error > 0 AND isfinite(c.error)
            AND c.band IS NOT NULL
    ),
    -- Every sum below is over a sorted list: of numbers as they come from threads the last bits change from run to run.
    measured AS (
        SELECT curve, band, count(*) AS n, list_sort(list({mjd: mjd, mag: mag, error: error})) AS points
        FROM points
        GROUP BY curve, band
    ),
    means AS (
        SELECT
            *, list_sum([p.mag / (p.error * p.error) FOR p IN points])
            / list_sum([1 / (p.error * p.error) FOR p IN points]) AS mean
        FROM measured
    ),
    scaled AS (
        SELECT
            curve, band, n, [p.mjd FOR p IN points] AS mjd, [p.mag FOR p IN points] AS mag,
            [(p.mag - mean) / p.error FOR p IN points] AS residual,
            [pow(10, -0.4 * (p.mag - mean)) FOR p IN points] AS flux,
            [pow(0.9210340371976184 * p.error * pow(10, -0.4 * (p.mag - mean)), 2) FOR p IN points] AS flux_variance
        FROM means
    ),
    -- Measurements that follow each other within half a day are of one visit; two by two they are pairs.
    spaced AS (
        SELECT curve, delta, mjd, mjd - lag(mjd) OVER in_time AS gap_days, row_number() OVER in_time AS place
        FROM (
            SELECT curve, band, unnest(mjd) AS mjd, sqrt(n / (n - 1)) * unnest(residual) AS delta
            FROM scaled
            WHERE n > 1
        )
        WINDOW in_time AS (PARTITION BY curve ORDER BY mjd, band, delta)
    ),
    visits AS (
        SELECT
            curve, delta, place,
            max(CASE WHEN gap_days > 0.5 THEN place ELSE 1 END) OVER (
                PARTITION BY curve ORDER BY place ROWS UNBOUNDED PRECEDING
            ) AS first_place
        FROM spaced
    ),
    products AS (
        SELECT
            curve, CASE count(*) WHEN 2 THEN min(delta) * max(delta) ELSE pow(min(delta), 2) - 1 END AS p
        FROM visits
        GROUP BY curve, first_place, (place - first_place) // 2
    ),
    correlated AS (
        SELECT curve, avg(sign(p) * sqrt(abs(p)) ORDER BY p) AS lc_stetson_j FROM products GROUP BY curve
    ),
    banded AS (
        SELECT
            curve, band, n, mjd[1] AS first_mjd, mjd[-1] AS last_mjd, faintest - brightest AS amplitude,
            list_sum([r * r FOR r IN residual]) AS chi2,
            (list_var_samp(flux) - list_avg(flux_variance)) / pow(list_avg(flux), 2) AS excess,
            (list_median(mag) - brightest) / nullif(faintest - brightest, 0) AS asymmetry,
            (mag[1] - brightest) / nullif(mjd[peak] - mjd[1], 0) AS rise,
            (mag[-1] - brightest) / nullif(mjd[-1] - mjd[peak], 0) AS fall
        FROM (
            SELECT
                *, list_min(mag) AS brightest, list_max(mag) AS faintest, list_position(mag, list_min(mag)) AS peak
            FROM scaled
        )
    ),
    objects AS (
        SELECT
            curve, sum(n) AS lc_points, max(last_mjd) - min(first_mjd) AS lc_span_days,
            max(amplitude) FILTER (n > 1) AS lc_amplitude_mag,
            sum(n * excess ORDER BY band) FILTER (n > 1) / sum(n) FILTER (n > 1) AS lc_excess_variance,
            sum(chi2 ORDER BY band) FILTER (n > 1) / sum(n - 1) FILTER (n > 1) AS lc_chi2_reduced,
            first(asymmetry ORDER BY n DESC, band) AS lc_asymmetry,
            first(rise ORDER BY n DESC, band) AS lc_rise_mag_per_day,
            first(fall ORDER BY n DESC, band) AS lc_fall_mag_per_day
        FROM banded
        GROUP BY curve
    )
    SELECT curve // {names} AS "row", o.* EXCLUDE (curve), lc_stetson_j
    FROM objects o
    LEFT JOIN correlated j USING (curve)
    -- An object may have a light curve under the name of several surveys: the longest counts.
    QUALIFY row_number() OVER (PARTITION BY curve // {names} ORDER BY lc_points DESC, curve) = 1
) v ON v."row" = c."row"
