-- Purpose: all pairs of two relations within a radius, anywhere on the sphere: the band join.
--   Bands are at least six chords wide, so the cube of half-width one chord around a left point touches 1 to 8 triples
--   of bands, under 2 on average; a right point lies in exactly one. Equal triples are candidates, the chord decides.
--   A left point is doubled axis by axis where its cube crosses a border: cheaper than trying eight corners at once.
-- Parameters: {left}, {right} relations of (id, x, y, z), unit vectors; {radius_arcsec} radius, arcsec; {band_arcsec}
--   that radius, of which six chords are the width of the bands; 0.4 of it where most points have many partners, at
--   least: two chords are what the cube of a left point needs.
-- Output: left_id, right_id, chord2 (squared chord on the unit sphere).
SELECT left_id, right_id, chord2
FROM (
    SELECT
        l.id AS left_id, r.id AS right_id,
        (l.x - r.x) * (l.x - r.x) + (l.y - r.y) * (l.y - r.y) + (l.z - r.z) * (l.z - r.z) AS chord2
    FROM (
        SELECT id, x, y, z, bx, "by", CASE side WHEN 0 THEN z0 ELSE z1 END AS bz
        FROM (
            SELECT id, x, y, z, z0, z1, bx, CASE side WHEN 0 THEN y0 ELSE y1 END AS "by"
            FROM (
                SELECT id, x, y, z, y0, y1, z0, z1, CASE side WHEN 0 THEN x0 ELSE x1 END AS bx
                FROM (
                    SELECT id, x, y, z,
                        band(x - chord_limit({radius_arcsec} / 3600.0), {band_arcsec}) AS x0,
                        band(x + chord_limit({radius_arcsec} / 3600.0), {band_arcsec}) AS x1,
                        band(y - chord_limit({radius_arcsec} / 3600.0), {band_arcsec}) AS y0,
                        band(y + chord_limit({radius_arcsec} / 3600.0), {band_arcsec}) AS y1,
                        band(z - chord_limit({radius_arcsec} / 3600.0), {band_arcsec}) AS z0,
                        band(z + chord_limit({radius_arcsec} / 3600.0), {band_arcsec}) AS z1
                    FROM {left}
                ), (VALUES (0), (1)) lower_or_upper(side)
                WHERE side = 0 OR x0 <> x1
            ), (VALUES (0), (1)) lower_or_upper(side)
            WHERE side = 0 OR y0 <> y1
        ), (VALUES (0), (1)) lower_or_upper(side)
        WHERE side = 0 OR z0 <> z1
    ) l
    JOIN (
        SELECT id, x, y, z, band(x, {band_arcsec}) AS bx, band(y, {band_arcsec}) AS "by",
            band(z, {band_arcsec}) AS bz
        FROM {right}
    ) r USING (bx, "by", bz)
)
WHERE chord2 <= pow(chord_limit({radius_arcsec} / 3600.0), 2)
