-- Purpose: the best candidates of a kind.
-- Parameters: {found} relation of a kind's SQL; {kind} its name, as text; {mag}, {band} expressions of a magnitude and its
--   band; {least} smallest score; {most} LIMIT clause.
-- Output: rank (1 the surest), score, kind, reasons, id, ra, dec (deg), mag, band, class, safety, found (rows of the kind).
SELECT
    row_number() OVER (ORDER BY score DESC, id) AS "rank", score::FLOAT AS score, {kind} AS kind,
    concat_ws(
        '; ',
        reasons,
        CASE WHEN template_class IS NOT NULL
            THEN concat('fits as ', template_class, ' ', template_name, format(', z {:.2f}', template_redshift))
                || format(' (chi2 {:.1f} in {} bands)', template_chi2, template_bands)
        END,
        CASE safety WHEN 'extrapolation' THEN 'an extrapolation' WHEN 'unsafe' THEN 'unsafe' END
    ) AS reasons,
    id, ra, dec, ({mag})::FLOAT AS mag, {band} AS band, class, safety, count(*) OVER () AS found
FROM ({found})
WHERE score >= {least}
ORDER BY "rank"
{most}
