-- Purpose: where sources are and which colour they have, as the band join takes them: it hands on nothing but ids.
-- Parameters: {rows} relation of row, ra, dec (deg), g, r; {where} condition.
-- Output: id (row * 1024 + colour, where colour is 0 if unknown, else 1 to 1001: g - r + 5 mag in hundredths, rounded),
--   x, y, z (unit vector).
SELECT
    ("row" << 10) + CASE
        WHEN g - r IS NULL THEN 0 ELSE 1 + greatest(0, least(1000, round((g - r) * 100)::BIGINT + 500))
    END AS id,
    unit_x(ra, dec) AS x, unit_y(ra, dec) AS y, unit_z(dec) AS z
FROM {rows}
WHERE ra IS NOT NULL AND dec IS NOT NULL AND {where}
