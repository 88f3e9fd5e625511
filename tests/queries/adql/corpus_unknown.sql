-- ADQL by its grammar that means nothing here: one query a line, ¦ at the place the error must name.
-- names
SELECT ¦rra FROM gaia
SELECT ra FROM ¦gaiaa
SELECT ra FROM ¦TAP_SCHEMA.tabels
SELECT ra FROM ¦other.gaia
SELECT ¦x.ra FROM gaia
SELECT ¦gaia.ra FROM gaia AS g
SELECT ¦g.mag FROM gaia AS g
SELECT ¦x.* FROM gaia
SELECT ¦ra FROM gaia, twomass
SELECT gaia.ra FROM gaia, ¦gaia
SELECT a.ra FROM gaia AS a, ¦twomass AS A
SELECT g.ra FROM gaia AS g JOIN twomass AS t ON g.source_id = ¦t.source
SELECT ra FROM gaia WHERE ¦phot_g_men_mag < 3
SELECT ra FROM gaia ORDER BY ¦x
SELECT ra FROM gaia GROUP BY ¦x
SELECT ra FROM (SELECT dec FROM gaia) AS s WHERE ¦ra > 1
SELECT ¦ra FROM (SELECT dec FROM gaia) AS s
SELECT j_m FROM gaia JOIN twomass USING (j_m)
SELECT ra FROM obs NATURAL JOIN TAP_SCHEMA.tables
WITH a AS (SELECT ra FROM gaia), ¦a AS (SELECT dec FROM gaia) SELECT * FROM a
WITH a AS (SELECT ra FROM ¦b), b AS (SELECT ra FROM gaia) SELECT * FROM a
SELECT ra FROM gaia WHERE ra IN (SELECT ra FROM ¦nothing)
-- functions
SELECT ¦SQTR(ra) FROM gaia
SELECT ¦foo(ra) FROM gaia
SELECT ¦read_text('x') FROM gaia
SELECT ¦getenv('HOME') FROM gaia
SELECT ¦ivo_healpix(1, 2, 3) FROM gaia
SELECT ¦SQRT() FROM gaia
SELECT ¦SQRT(ra, dec) FROM gaia
SELECT ¦PI(1) FROM gaia
SELECT ¦MOD(ra) FROM gaia
SELECT ¦SQRT(name) FROM obs
SELECT ¦UPPER(ra) FROM gaia
SELECT ¦ROUND(ra, 1.5) FROM gaia
SELECT ¦ivo_hasword(name) FROM obs
SELECT ¦NULLIF(ra) FROM gaia
SELECT ¦COALESCE() FROM gaia
SELECT ¦COALESCE(ra, 'x') FROM gaia
SELECT IN_UNIT(ra, ¦'nonsense') FROM gaia
SELECT IN_UNIT(ra, ¦'mag') FROM gaia
SELECT IN_UNIT(¦source_id, 'deg') FROM gaia
SELECT ¦IN_UNIT(ra) FROM gaia
SELECT ¦IN_UNIT(ra, name) FROM gaia, obs
SELECT ¦CAST(POINT(1, 2) AS INTEGER) FROM gaia
SELECT ¦CAST(ra AS TIMESTAMP) FROM gaia
SELECT ¦CAST(start AS INTEGER) FROM obs
SELECT CAST(¦'1 2' AS CIRCLE) FROM obs
-- geometry
SELECT ¦POINT(ra) FROM gaia
SELECT ¦POINT(ra, dec, 1) FROM gaia
SELECT ¦POINT('ICRS', ra) FROM gaia
SELECT ¦POINT('GALACTIC', ra, dec) FROM gaia
SELECT ¦POINT(name, 1, 2) FROM obs
SELECT ¦POINT(1, '2') FROM obs
SELECT ¦CIRCLE(1, 2) FROM gaia
SELECT ¦CIRCLE(1, 2, 3, 4) FROM gaia
SELECT ¦CIRCLE('ICRS', POINT(1, 2)) FROM gaia
SELECT ¦CIRCLE(1, 2, -3) FROM gaia
SELECT ¦BOX(1, 2, 3) FROM gaia
SELECT ¦BOX(1, 2, 200, 3) FROM gaia
SELECT ¦POLYGON(1, 2, 3, 4) FROM gaia
SELECT ¦POLYGON(1, 2, 3, 4, 5, 6, 7) FROM gaia
SELECT ¦POLYGON(POINT(1, 2), POINT(3, 4)) FROM gaia
SELECT ¦POLYGON(POINT(1, 2), 3, 4, 5, 6) FROM gaia
SELECT ¦REGION(name) FROM obs
SELECT REGION(¦'Circle FK4 1 2 3') FROM obs
SELECT REGION(¦'Circle ICRS 1 2') FROM obs
SELECT REGION(¦'Union ICRS (Circle 1 2 3)') FROM obs
SELECT ra FROM gaia WHERE ¦CONTAINS(ra, dec) = 1
SELECT ra FROM gaia WHERE ¦CONTAINS(POINT(ra, dec)) = 1
SELECT ra FROM gaia WHERE ¦CONTAINS(CIRCLE(1, 2, 3), POINT(ra, dec)) = 1
SELECT ra FROM gaia WHERE ¦INTERSECTS(POINT(1, 2), POINT(ra, dec)) = 1
SELECT ¦DISTANCE(ra, dec) FROM gaia
SELECT ¦DISTANCE(ra, dec, 1) FROM gaia
SELECT ¦DISTANCE(CIRCLE(1, 2, 3), POINT(1, 2)) FROM gaia
SELECT ¦COORD1(CIRCLE(1, 2, 3)) FROM gaia
SELECT ¦AREA(ra) FROM gaia
SELECT ra FROM gaia WHERE POINT(ra, dec) = ¦POINT(1, 2)
SELECT name || ¦POINT(1, 2) FROM obs
SELECT ¦POINT(1, 2) + 1 FROM gaia
SELECT ra FROM gaia ORDER BY ¦POINT(ra, dec)
SELECT ¦ivo_geom_transform('ICRS', 'MARS', POINT(1, 2)) FROM gaia
-- kinds
SELECT ra + ¦'a' FROM gaia
SELECT -¦name FROM obs
SELECT name || ¦1 FROM obs
SELECT ra FROM gaia WHERE ra > ¦'a'
SELECT ra FROM gaia WHERE ra IN (1, ¦'a')
SELECT ra FROM gaia WHERE ¦ra LIKE 'a'
SELECT name FROM obs WHERE name BETWEEN ¦1 AND 'b'
SELECT name FROM obs WHERE start > ¦5
SELECT ra FROM gaia WHERE ra IN ¦(SELECT ra, dec FROM gaia)
SELECT ra FROM gaia WHERE ra = ¦(SELECT ra, dec FROM gaia)
SELECT ra FROM gaia UNION ¦SELECT ra, dec FROM gaia
SELECT ra FROM gaia UNION ¦SELECT name FROM obs
-- aggregates
SELECT ¦ra, COUNT(*) FROM gaia
SELECT ¦ra FROM gaia GROUP BY dec
SELECT ¦*, COUNT(*) FROM gaia
SELECT ra FROM gaia WHERE ¦COUNT(*) > 1
SELECT MAX(ra) FROM gaia GROUP BY ¦MAX(ra)
SELECT ¦MAX(MIN(ra)) FROM gaia
SELECT ¦SUM(name) FROM obs
SELECT ¦MAX(POINT(ra, dec)) FROM gaia
SELECT dec FROM gaia GROUP BY dec HAVING ¦ra > 1
SELECT dec FROM gaia GROUP BY dec ORDER BY ¦ra
SELECT a.ra FROM gaia AS a JOIN gaia AS b ON ¦MAX(a.ra) = 1
SELECT ra FROM gaia ORDER BY ¦5
SELECT ra FROM gaia ORDER BY ¦0
SELECT ra FROM gaia UNION SELECT ra FROM twomass ORDER BY ¦ra + 1
