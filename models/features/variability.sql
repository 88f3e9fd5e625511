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
--   lc_rise_mag_per_day from the first point to the brightest, lc_fall_mag_per_day from there to the last.
SELECT c.*, v.* EXCLUDE ("row")
FROM {rows} c
LEFT JOIN (
    WITH points AS (
        SELECT k.curve, c.band, c.mjd, c.mag, c.error
        FROM {curves} c
        JOIN {keys} k ON k.survey = c.survey AND k.object_id = c.object_id
        WHERE isfinite(c.mag) AND isfinite(c.mjd) AND c.error > 0 AND isfinite(c.error)
    ),
    means AS (
        SELECT
            curve, band, count(*) AS n, sum(mag / (error * error)) / sum(1 / (error * error)) AS mean
        FROM points
        GROUP BY curve, band
    ),
    scaled AS (
        SELECT
            curve, band, n, mjd, mag, (mag - mean) / error AS residual,
            CASE WHEN n > 1 THEN sqrt(n / (n - 1)) * (mag - mean) / error END AS delta,
            pow(10, -0.4 * (mag - mean)) AS flux,
            0.9210340371976184 * error * pow(10, -0.4 * (mag - mean)) AS flux_error
        FROM points
        JOIN means USING (curve, band)
    ),
    -- Measurements that follow each other within half a day are of one visit; two by two they are pairs.
    spaced AS (
        SELECT curve, delta, mjd, band, mjd - lag(mjd) OVER in_time AS gap_days, row_number() OVER in_time AS place
        FROM scaled
        WHERE delta IS NOT NULL
        WINDOW in_time AS (PARTITION BY curve ORDER BY mjd, band)
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
        SELECT curve, avg(sign(p) * sqrt(abs(p))) AS lc_stetson_j FROM products GROUP BY curve
    ),
    banded AS (
        SELECT
            curve, band, count(*) AS n, min(mjd) AS first_mjd, max(mjd) AS last_mjd,
            max(mag) - min(mag) AS amplitude, sum(residual * residual) AS chi2,
            (var_samp(flux) - avg(flux_error * flux_error)) / pow(avg(flux), 2) AS excess,
            (median(mag) - min(mag)) / nullif(max(mag) - min(mag), 0) AS asymmetry,
            (arg_min(mag, mjd) - min(mag)) / nullif(arg_min(mjd, mag) - min(mjd), 0) AS rise,
            (arg_max(mag, mjd) - min(mag)) / nullif(max(mjd) - arg_min(mjd, mag), 0) AS fall
        FROM scaled
        GROUP BY curve, band
    ),
    objects AS (
        SELECT
            curve, sum(n) AS lc_points, max(last_mjd) - min(first_mjd) AS lc_span_days,
            max(amplitude) FILTER (n > 1) AS lc_amplitude_mag,
            sum(n * excess) FILTER (n > 1) / sum(n) FILTER (n > 1) AS lc_excess_variance,
            sum(chi2) FILTER (n > 1) / sum(n - 1) FILTER (n > 1) AS lc_chi2_reduced,
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
