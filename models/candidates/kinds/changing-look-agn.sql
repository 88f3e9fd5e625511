-- Purpose: quasars and active galaxies whose brightness changed for long, as a rule by more than 1 mag: the mean of the
--   last quarter of the light curve's time minus that of the first, in the band with most measurements. The error of a
--   mean is that of its measurements or of their scatter, whichever is larger, so that flickering counts as error. Light
--   curves of less than 300 days are left out: what is over sooner is an outburst.
-- Parameters: {rows} as in __init__.py; {curves}, {keys}, {names} as in models/features/variability.sql; {table} the rows
--   of the table, {key} its column of ids.
-- Output: the columns of rows, score = (p + p_galaxy) times the chance that the change is beyond 1 mag, where the flux
--   varies beyond its errors, and reasons.
SELECT
    r.*,
    CASE WHEN lc_excess_variance > 0
        THEN least(1, p + coalesce(p_galaxy, 0)) * chance_above(abs(change), 1, change_error)
    END AS score,
    concat_ws(
        '; ',
        format('p(quasar) {:.2f}', p),
        format('p(galaxy) {:.2f}', p_galaxy),
        said(CASE WHEN change > 0 THEN 'fainter by' ELSE 'brighter by' END, abs(change), change_error)
        || format(' mag in {:.1f} yr', span_days / 365.25) || CASE WHEN band <> '' THEN ' in ' || band ELSE '' END,
        format('excess variance {:.3f}', lc_excess_variance),
        format('{:.0f} points', lc_points)
    ) AS reasons
FROM {rows} r
JOIN (
    WITH points AS (
        SELECT
            k.curve, c.band, c.mjd, c.mag, c.error,
            min(c.mjd) OVER in_band AS first_mjd, max(c.mjd) OVER in_band AS last_mjd
        FROM {curves} c
        JOIN {keys} k ON k.survey = c.survey AND k.object_id = c.object_id
        WHERE isfinite(c.mag) AND isfinite(c.mjd) AND c.error > 0 AND isfinite(c.error)
        WINDOW in_band AS (PARTITION BY k.curve, c.band)
    ),
    quarters AS (
        SELECT
            curve, band, any_value(last_mjd - first_mjd) AS span_days,
            CASE
                WHEN mjd <= first_mjd + (last_mjd - first_mjd) / 4 THEN 'first'
                WHEN mjd >= last_mjd - (last_mjd - first_mjd) / 4 THEN 'last'
            END AS quarter,
            count(*) AS n,
            sum(mag / (error * error)) / sum(1 / (error * error)) AS mean,
            greatest(1 / sum(1 / (error * error)), coalesce(var_samp(mag), 0) / count(*)) AS variance
        FROM points
        GROUP BY curve, band, quarter
    ),
    changes AS (
        SELECT
            curve, band, sum(n) AS n, any_value(span_days) AS span_days,
            any_value(mean) FILTER (quarter = 'last') - any_value(mean) FILTER (quarter = 'first') AS change,
            sqrt(sum(variance) FILTER (quarter IS NOT NULL)) AS change_error
        FROM quarters
        GROUP BY curve, band
        HAVING min(n) FILTER (quarter IS NOT NULL) > 1 AND any_value(span_days) >= 300
    )
    SELECT t.{key}::VARCHAR AS id, c.* EXCLUDE (curve)
    FROM changes c
    JOIN (SELECT rowid AS number, {key} FROM {table}) t ON t.number = c.curve // {names}
    WHERE change IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY t.{key} ORDER BY n DESC, curve, band) = 1
) v ON v.id = r.id
