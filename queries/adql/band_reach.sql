-- Purpose: a relation listed once for each triple of bands that the cube around its point touches: the other side of
--   band_point.sql. Doubled axis by axis where the cube crosses a border, as in schema/band_join.sql.
-- Parameters: as in band_point.sql.
-- Output: the relation's columns, __x{n}, __y{n}, __z{n}, __bx{n}, __by{n}, __bz{n}.
SELECT *, CASE __side_z{n} WHEN 0 THEN __z0{n} ELSE __z1{n} END AS __bz{n}
FROM (
    SELECT *, CASE __side_y{n} WHEN 0 THEN __y0{n} ELSE __y1{n} END AS __by{n}
    FROM (
        SELECT *, CASE __side_x{n} WHEN 0 THEN __x0{n} ELSE __x1{n} END AS __bx{n}
        FROM (
            SELECT *,
                band(__x{n} - chord_limit({radius_arcsec} / 3600.0), {radius_arcsec}) AS __x0{n},
                band(__x{n} + chord_limit({radius_arcsec} / 3600.0), {radius_arcsec}) AS __x1{n},
                band(__y{n} - chord_limit({radius_arcsec} / 3600.0), {radius_arcsec}) AS __y0{n},
                band(__y{n} + chord_limit({radius_arcsec} / 3600.0), {radius_arcsec}) AS __y1{n},
                band(__z{n} - chord_limit({radius_arcsec} / 3600.0), {radius_arcsec}) AS __z0{n},
                band(__z{n} + chord_limit({radius_arcsec} / 3600.0), {radius_arcsec}) AS __z1{n}
            FROM (SELECT *, {x} AS __x{n}, {y} AS __y{n}, {z} AS __z{n} FROM {relation})
        ), (VALUES (0), (1)) lower_or_upper(__side_x{n})
        WHERE __side_x{n} = 0 OR __x0{n} <> __x1{n}
    ), (VALUES (0), (1)) lower_or_upper(__side_y{n})
    WHERE __side_y{n} = 0 OR __y0{n} <> __y1{n}
), (VALUES (0), (1)) lower_or_upper(__side_z{n})
WHERE __side_z{n} = 0 OR __z0{n} <> __z1{n}
