-- Purpose: how a source varies, from its light curve.
-- Parameters: {rows} relation with the standard inputs; {curves} relation of (survey, object_id, band, mjd, mag, error):
--   a measurement a row, days and mag; {keys} relation of (row, survey, object_id): whose light curve is whose.
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
        SELECT
            survey, object_id, band, mjd, mag, error,
            count(*) OVER in_band AS n,
            sum(mag / (error * error)) OVER in_band / sum(1 / (error * error)) OVER in_band AS mean
        FROM {curves}
        WHERE isfinite(mag) AND isfinite(mjd) AND error > 0 AND isfinite(error)
        WINDOW in_band AS (PARTITION BY survey, object_id, band)
    ),
    scaled AS (
        SELECT
            *, (mag - mean) / error AS residual,
            CASE WHEN n > 1 THEN sqrt(n / (n - 1)) * (mag - mean) / error END AS delta,
            pow(10, -0.4 * (mag - mean)) AS flux,
            0.9210340371976184 * error * pow(10, -0.4 * (mag - mean)) AS flux_error
        FROM points
    ),
    -- Measurements that follow each other within half a day are of one visit; two by two they are pairs.
    spaced AS (
        SELECT *, mjd - lag(mjd) OVER (PARTITION BY survey, object_id ORDER BY mjd, band) AS gap_days
        FROM scaled
        WHERE delta IS NOT NULL
    ),
    visits AS (
        SELECT
            *, count(*) FILTER (gap_days > 0.5) OVER (
                PARTITION BY survey, object_id ORDER BY mjd, band ROWS UNBOUNDED PRECEDING
            ) AS visit
        FROM spaced
    ),
    placed AS (
        SELECT
            *, (row_number() OVER (PARTITION BY survey, object_id, visit ORDER BY mjd, band) - 1) // 2 AS pair
        FROM visits
    ),
    products AS (
        SELECT
            survey, object_id,
            CASE count(*) WHEN 2 THEN min(delta) * max(delta) ELSE pow(min(delta), 2) - 1 END AS p
        FROM placed
        GROUP BY survey, object_id, visit, pair
    ),
    correlated AS (
        SELECT survey, object_id, avg(sign(p) * sqrt(abs(p))) AS lc_stetson_j FROM products GROUP BY survey, object_id
    ),
    banded AS (
        SELECT
            survey, object_id, band, count(*) AS n, min(mjd) AS first_mjd, max(mjd) AS last_mjd,
            max(mag) - min(mag) AS amplitude, sum(residual * residual) AS chi2,
            (var_samp(flux) - avg(flux_error * flux_error)) / pow(avg(flux), 2) AS excess,
            (median(mag) - min(mag)) / nullif(max(mag) - min(mag), 0) AS asymmetry,
            (arg_min(mag, mjd) - min(mag)) / nullif(arg_min(mjd, mag) - min(mjd), 0) AS rise,
            (arg_max(mag, mjd) - min(mag)) / nullif(max(mjd) - arg_min(mjd, mag), 0) AS fall
        FROM scaled
        GROUP BY survey, object_id, band
    ),
    objects AS (
        SELECT
            survey, object_id, sum(n) AS lc_points, max(last_mjd) - min(first_mjd) AS lc_span_days,
            max(amplitude) FILTER (n > 1) AS lc_amplitude_mag,
            sum(n * excess) FILTER (n > 1) / sum(n) FILTER (n > 1) AS lc_excess_variance,
            sum(chi2) FILTER (n > 1) / sum(n - 1) FILTER (n > 1) AS lc_chi2_reduced,
            first(asymmetry ORDER BY n DESC, band) AS lc_asymmetry,
            first(rise ORDER BY n DESC, band) AS lc_rise_mag_per_day,
            first(fall ORDER BY n DESC, band) AS lc_fall_mag_per_day
        FROM banded
        GROUP BY survey, object_id
    )
    SELECT k."row", o.* EXCLUDE (survey, object_id), lc_stetson_j
    FROM {keys} k
    JOIN objects o ON o.survey = k.survey AND o.object_id = k.object_id
    LEFT JOIN correlated j ON j.survey = k.survey AND j.object_id = k.object_id
    -- An object may have a light curve under the name of several surveys: the longest counts.
    QUALIFY row_number() OVER (PARTITION BY k."row" ORDER BY lc_points DESC, k.survey) = 1
) v ON v."row" = c."row"
