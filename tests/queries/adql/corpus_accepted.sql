-- ADQL that is accepted: one query a line, over the tables of conftest.py. Lines with -- are titles.
-- select list
SELECT * FROM gaia
select * from gaia
SELECT ra FROM gaia
SELECT RA, DEC FROM Gaia
SELECT ALL ra FROM gaia
SELECT DISTINCT ra FROM gaia
SELECT TOP 10 ra FROM gaia
SELECT TOP 0 ra FROM gaia
SELECT DISTINCT TOP 5 ra, dec FROM gaia
SELECT ALL TOP 5 ra FROM gaia
SELECT gaia.ra FROM gaia
SELECT gaia.* FROM gaia
SELECT g.*, t.j_m FROM gaia AS g, twomass AS t WHERE g.source_id = t.tm_id
SELECT g.ra FROM gaia g
SELECT ra AS right_ascension FROM gaia
SELECT ra right_ascension FROM gaia
SELECT ra AS "Right ascension" FROM gaia
SELECT "ra" FROM gaia
SELECT "ra" FROM "gaia"
SELECT "gaia"."ra" FROM "gaia"
SELECT ra, ra, ra FROM gaia
SELECT g.ra, t.ra FROM gaia AS g, twomass AS t WHERE g.source_id = t.tm_id
SELECT *, ra + 1 AS shifted FROM gaia
SELECT ra, * FROM gaia
SELECT 1 FROM gaia
SELECT 'text' FROM gaia
SELECT 'it''s' FROM gaia
SELECT 'one' 'two' FROM gaia
SELECT '' FROM gaia
SELECT 1.5, .5, 1., 1e3, 1.5E-3, 10e-5, 3.e2, 0xFF, 0x1f FROM gaia
SELECT -1, +1, -ra, +ra FROM gaia
SELECT ra - -1 FROM gaia
SELECT (ra) FROM gaia
SELECT ((ra + 1)) * 2 FROM gaia
SELECT ra + dec * 2 - 3 / 4 FROM gaia
SELECT (ra + dec) / 2.0 AS mean FROM gaia
SELECT name || '-' || title FROM obs
SELECT name || 'x' FROM obs WHERE name || 'x' = 'ax'
SELECT "size" FROM obs
SELECT obs."size" * 2 FROM obs
SELECT TAP_SCHEMA.tables.table_name FROM TAP_SCHEMA.tables
SELECT tables.table_name FROM TAP_SCHEMA.tables
SELECT table_name FROM tap_schema.tables
SELECT t.table_name FROM TAP_SCHEMA.tables AS t
SELECT mine.id FROM TAP_UPLOAD.mine
SELECT TAP_UPLOAD.mine.* FROM TAP_UPLOAD.mine
SELECT TAP_UPLOAD.mine.id FROM TAP_UPLOAD.mine
SELECT ra FROM gaia;
-- comments and layout
SELECT ra FROM gaia -- the end
SELECT  ra,dec  FROM	gaia
-- where
SELECT ra FROM gaia WHERE ra > 10
SELECT ra FROM gaia WHERE ra >= 10 AND ra <= 20
SELECT ra FROM gaia WHERE ra <> 10 OR ra != 11
SELECT ra FROM gaia WHERE NOT ra > 10
SELECT ra FROM gaia WHERE NOT (ra > 10 AND dec < 0)
SELECT ra FROM gaia WHERE (ra > 10)
SELECT ra FROM gaia WHERE ((ra > 10) AND ((dec) < 0))
SELECT ra FROM gaia WHERE (ra + 1) * 2 > 10
SELECT ra FROM gaia WHERE ra BETWEEN 10 AND 20
SELECT ra FROM gaia WHERE ra NOT BETWEEN 10 AND 20
SELECT ra FROM gaia WHERE ra BETWEEN 10 AND 20 AND dec BETWEEN -5 AND 5
SELECT ra FROM gaia WHERE parallax IS NULL
SELECT ra FROM gaia WHERE parallax IS NOT NULL
SELECT ra FROM gaia WHERE NOT parallax IS NULL
SELECT ra FROM gaia WHERE parallax + 1 IS NOT NULL
SELECT ra FROM gaia WHERE source_id IN (1, 2, 3)
SELECT ra FROM gaia WHERE source_id NOT IN (1, 2, 3)
SELECT ra FROM gaia WHERE source_id IN (1)
SELECT ra FROM gaia WHERE source_id + 1 IN (1, 2 * 3)
SELECT ra FROM gaia WHERE source_id IN (SELECT tm_id FROM twomass)
SELECT ra FROM gaia WHERE source_id NOT IN (SELECT tm_id FROM twomass WHERE j_m > 12)
SELECT ra FROM gaia WHERE source_id IN ((SELECT tm_id FROM twomass))
SELECT ra FROM gaia WHERE EXISTS (SELECT * FROM twomass WHERE twomass.tm_id = gaia.source_id)
SELECT ra FROM gaia WHERE NOT EXISTS (SELECT 1 FROM twomass WHERE tm_id = source_id)
SELECT name FROM obs WHERE name LIKE 'a%'
SELECT name FROM obs WHERE name NOT LIKE 'a_'
SELECT name FROM obs WHERE name ILIKE 'A%'
SELECT name FROM obs WHERE name NOT ILIKE 'A%'
SELECT name FROM obs WHERE LOWER(name) = 'a'
SELECT name FROM obs WHERE UPPER(name) LIKE UPPER('a%')
SELECT name FROM obs WHERE name = 'a' AND title <> 'b'
SELECT name FROM obs WHERE start > '2015-01-01T00:00:00'
SELECT name FROM obs WHERE start BETWEEN '2015-01-01' AND '2016-01-01'
SELECT name FROM obs WHERE start > CAST('2015-01-01' AS TIMESTAMP)
SELECT name FROM obs WHERE flag = 1
SELECT name FROM obs WHERE flag = 'true'
SELECT ra FROM gaia WHERE 1 = 1
SELECT ra FROM gaia WHERE ra > dec AND dec > ra OR ra = 1
SELECT ra FROM gaia WHERE ra = (SELECT MAX(ra) FROM gaia)
SELECT ra FROM gaia WHERE POWER(ra, 2) < 100
SELECT ra FROM gaia WHERE source_id = 0xFF
-- joins
SELECT g.ra FROM gaia AS g JOIN twomass AS t ON g.source_id = t.tm_id
SELECT g.ra FROM gaia AS g INNER JOIN twomass AS t ON g.source_id = t.tm_id
SELECT g.ra FROM gaia AS g LEFT JOIN twomass AS t ON g.source_id = t.tm_id
SELECT g.ra FROM gaia AS g LEFT OUTER JOIN twomass AS t ON g.source_id = t.tm_id
SELECT g.ra FROM gaia AS g RIGHT JOIN twomass AS t ON g.source_id = t.tm_id
SELECT g.ra FROM gaia AS g RIGHT OUTER JOIN twomass AS t ON g.source_id = t.tm_id
SELECT g.ra FROM gaia AS g FULL JOIN twomass AS t ON g.source_id = t.tm_id
SELECT g.ra FROM gaia AS g FULL OUTER JOIN twomass AS t ON g.source_id = t.tm_id
SELECT j_m FROM gaia NATURAL JOIN twomass
SELECT j_m FROM gaia NATURAL LEFT JOIN twomass
SELECT ra FROM gaia NATURAL FULL OUTER JOIN twomass
SELECT j_m, ra FROM gaia JOIN twomass USING (ra, dec)
SELECT * FROM gaia FULL JOIN twomass USING (healpix_29)
SELECT * FROM gaia LEFT JOIN twomass USING (healpix_29)
SELECT * FROM gaia RIGHT JOIN twomass USING (healpix_29)
SELECT a.ra FROM gaia AS a JOIN gaia AS b ON a.source_id = b.source_id JOIN gaia AS c ON b.source_id = c.source_id
SELECT a.ra FROM gaia AS a JOIN (gaia AS b JOIN gaia AS c ON b.source_id = c.source_id) ON a.source_id = b.source_id
SELECT a.ra FROM (gaia AS a JOIN gaia AS b ON a.source_id = b.source_id)
SELECT a.ra FROM gaia AS a JOIN gaia AS b JOIN gaia AS c ON b.source_id = c.source_id ON a.source_id = b.source_id
SELECT a.ra FROM gaia AS a, gaia AS b, gaia AS c WHERE a.source_id = b.source_id AND b.source_id = c.source_id
SELECT a.ra FROM gaia AS a, gaia AS b JOIN gaia AS c ON b.source_id = c.source_id WHERE a.source_id = 1
SELECT g.ra FROM gaia AS g JOIN twomass AS t ON g.source_id = t.tm_id AND (t.j_m < 12 OR g.ra > 3)
SELECT gaia.ra, mine.id FROM gaia JOIN TAP_UPLOAD.mine ON gaia.source_id = mine.id
SELECT gaia.ra FROM gaia JOIN TAP_UPLOAD.mine AS m ON gaia.source_id = m.id
-- subqueries and WITH
SELECT ra FROM (SELECT ra FROM gaia) AS sub
SELECT ra FROM (SELECT ra FROM gaia) sub
SELECT sub.ra FROM (SELECT ra FROM gaia WHERE ra > 1) AS sub WHERE sub.ra < 5
SELECT s.m FROM (SELECT MAX(ra) AS m, dec FROM gaia GROUP BY dec) AS s
SELECT s.* FROM (SELECT TOP 3 ra FROM gaia ORDER BY ra) AS s
SELECT a.ra FROM (SELECT ra, source_id FROM gaia) AS a JOIN (SELECT tm_id FROM twomass) AS b ON a.source_id = b.tm_id
SELECT x FROM (SELECT y AS x FROM (SELECT ra AS y FROM gaia) AS inner_one) AS outer_one
SELECT ra FROM ((SELECT ra FROM gaia) UNION (SELECT ra FROM twomass)) AS both_of_them
SELECT ra FROM (SELECT ra FROM gaia UNION SELECT ra FROM twomass) AS u
SELECT a.ra FROM ((SELECT ra FROM gaia) AS a JOIN (SELECT ra FROM twomass) AS b ON a.ra = b.ra)
SELECT (SELECT MAX(j_m) FROM twomass) AS faintest FROM gaia
SELECT ra, (SELECT COUNT(*) FROM twomass AS t WHERE t.tm_id = g.source_id) AS n FROM gaia AS g
WITH bright AS (SELECT * FROM gaia WHERE phot_g_mean_mag < 12) SELECT * FROM bright
WITH a AS (SELECT ra FROM gaia), b AS (SELECT ra FROM a) SELECT * FROM b
WITH a AS (SELECT ra FROM gaia) SELECT x.ra FROM a AS x, a AS y WHERE x.ra = y.ra
WITH gaia AS (SELECT ra FROM gaia) SELECT * FROM gaia
WITH a AS (SELECT ra FROM gaia UNION SELECT ra FROM twomass) SELECT COUNT(*) FROM a
WITH a AS (SELECT ra FROM gaia) SELECT ra FROM a UNION SELECT ra FROM twomass
WITH "A b" AS (SELECT ra FROM gaia) SELECT "A b".ra FROM "A b"
WITH a AS (SELECT TOP 5 ra FROM gaia ORDER BY ra) SELECT * FROM gaia WHERE ra IN (SELECT ra FROM a)
-- set operators
SELECT ra FROM gaia UNION SELECT ra FROM twomass
SELECT ra FROM gaia UNION ALL SELECT ra FROM twomass
SELECT ra FROM gaia EXCEPT SELECT ra FROM twomass
SELECT ra FROM gaia EXCEPT ALL SELECT ra FROM twomass
SELECT ra FROM gaia INTERSECT SELECT ra FROM twomass
SELECT ra FROM gaia INTERSECT ALL SELECT ra FROM twomass
SELECT ra FROM gaia UNION SELECT ra FROM twomass INTERSECT SELECT ra FROM gaia
(SELECT ra FROM gaia UNION SELECT ra FROM twomass) INTERSECT SELECT ra FROM gaia
(SELECT ra FROM gaia) UNION (SELECT ra FROM twomass)
(SELECT TOP 3 ra FROM gaia ORDER BY ra) UNION ALL (SELECT TOP 3 ra FROM twomass ORDER BY ra DESC)
SELECT TOP 3 ra FROM gaia UNION ALL SELECT TOP 3 ra FROM twomass
SELECT ra FROM gaia UNION SELECT ra FROM twomass ORDER BY ra
SELECT ra FROM gaia UNION SELECT ra FROM twomass ORDER BY 1 DESC OFFSET 3
SELECT ra AS x FROM gaia UNION SELECT dec FROM twomass ORDER BY x
SELECT source_id FROM gaia UNION SELECT ra FROM twomass
(SELECT ra FROM gaia)
-- grouping and ordering
SELECT COUNT(*) FROM gaia
SELECT COUNT(ra) FROM gaia
SELECT COUNT(DISTINCT ra) FROM gaia
SELECT COUNT(ALL ra), SUM(ALL ra) FROM gaia
SELECT COUNT(*) AS n, MIN(ra), MAX(ra), AVG(ra), SUM(ra) FROM gaia
SELECT SUM(source_id), SUM(DISTINCT source_id) FROM gaia
SELECT MIN(name), MAX(name) FROM obs
SELECT MAX(start) FROM obs
SELECT COUNT(*) FROM gaia GROUP BY source_id
SELECT source_id, COUNT(*) FROM gaia GROUP BY source_id
SELECT source_id / 10 AS bin, COUNT(*) AS n FROM gaia GROUP BY source_id / 10
SELECT source_id / 10 AS bin, COUNT(*) AS n FROM gaia GROUP BY bin
SELECT FLOOR(ra) AS f, AVG(dec) FROM gaia GROUP BY FLOOR(ra) ORDER BY f
SELECT g.source_id, MAX(g.ra) FROM gaia AS g GROUP BY g.source_id HAVING MAX(g.ra) > 100
SELECT source_id FROM gaia GROUP BY source_id HAVING COUNT(*) > 1 AND source_id > 5
SELECT COUNT(*) FROM gaia HAVING COUNT(*) > 1
SELECT source_id, ra FROM gaia GROUP BY source_id, ra
SELECT MAX(ra) - MIN(ra) AS span FROM gaia
SELECT SQRT(AVG(ra * ra)) FROM gaia
SELECT ra FROM gaia ORDER BY ra
SELECT ra FROM gaia ORDER BY ra ASC, dec DESC
SELECT ra, dec FROM gaia ORDER BY 2, 1 DESC
SELECT ra AS x FROM gaia ORDER BY x
SELECT ra FROM gaia ORDER BY dec
SELECT ra FROM gaia ORDER BY ra + dec
SELECT ra FROM gaia ORDER BY gaia.dec
SELECT ra FROM gaia ORDER BY ABS(dec)
SELECT ra FROM gaia ORDER BY ra OFFSET 10
SELECT TOP 5 ra FROM gaia ORDER BY ra OFFSET 10
SELECT ra FROM gaia OFFSET 0
SELECT source_id, COUNT(*) AS n FROM gaia GROUP BY source_id ORDER BY COUNT(*) DESC
-- functions
SELECT ABS(ra), CEILING(ra), DEGREES(ra), EXP(1), FLOOR(ra), LOG(ra), LOG10(ra), PI(), RADIANS(ra), SQRT(ra) FROM gaia
SELECT MOD(source_id, 3), POWER(ra, 2), ROUND(ra), ROUND(ra, 2), TRUNCATE(ra), TRUNCATE(ra, 2) FROM gaia
SELECT SIN(1), COS(1), TAN(1), COT(1), ASIN(0.5), ACOS(0.5), ATAN(1), ATAN2(1, 2) FROM gaia
SELECT RAND(), RAND(3) FROM gaia
SELECT sin(1), Sin(1) FROM gaia
SELECT ROUND(ra, -1) FROM gaia
SELECT CAST(ra AS INTEGER), CAST(ra AS SMALLINT), CAST(ra AS BIGINT), CAST(ra AS REAL), CAST(ra AS DOUBLE PRECISION) FROM gaia
SELECT CAST(ra AS VARCHAR), CAST(ra AS VARCHAR(5)), CAST(ra AS CHAR(3)), CAST(ra AS CHAR) FROM gaia
SELECT CAST('2020-01-01T12:00:00Z' AS TIMESTAMP) FROM gaia
SELECT CAST(start AS VARCHAR) FROM obs
SELECT CAST('10 20' AS POINT), CAST('10 20 1' AS CIRCLE), CAST('1 1 2 1 2 2' AS POLYGON) FROM gaia
SELECT CAST(POINT(ra, dec) AS VARCHAR) FROM gaia
SELECT COALESCE(parallax, 0), COALESCE(NULL, parallax, 1.5), COALESCE(parallax) FROM gaia
SELECT NULLIF(ra, 0) FROM gaia
SELECT CASE WHEN ra > 180 THEN 'east' WHEN ra > 90 THEN 'mid' ELSE 'west' END FROM gaia
SELECT CASE source_id WHEN 1 THEN 10 ELSE NULL END AS c FROM gaia
SELECT IN_UNIT(ra, 'rad'), IN_UNIT(pmra, 'arcsec.yr**-1'), IN_UNIT(parallax, 'arcsec') FROM gaia
SELECT ra FROM gaia WHERE IN_UNIT(parallax, 'arcsec') > 0.01
SELECT IN_UNIT(MAX(parallax), 'arcsec') FROM gaia
SELECT UPPER('a') || LOWER('B') FROM gaia
-- geometry
SELECT POINT('ICRS', ra, dec) FROM gaia
SELECT POINT(ra, dec) AS p FROM gaia
SELECT POINT('', ra, dec), POINT(NULL, ra, dec) FROM gaia
SELECT CIRCLE('ICRS', ra, dec, 0.5), CIRCLE(ra, dec, 0.5), CIRCLE(POINT(ra, dec), 0.5) FROM gaia
SELECT BOX('ICRS', ra, dec, 1, 2), BOX(ra, dec, 1, 2), BOX(POINT(ra, dec), 1, 2), BOX(10, 20, 1, 2) FROM gaia
SELECT POLYGON('ICRS', 1, 1, 2, 1, 2, 2), POLYGON(1, 1, 2, 1, 2, 2, 1, 2) FROM gaia
SELECT POLYGON(POINT(1, 1), POINT(2, 1), POINT(2, 2)) FROM gaia
SELECT POLYGON(ra, dec, ra + 1, dec, ra, dec + 1) FROM gaia
SELECT REGION('CIRCLE ICRS 10 20 1'), REGION('Position ICRS 1 2'), REGION('Box 1 2 3 4'), REGION('polygon 1 1 2 1 2 2') FROM gaia
SELECT ra FROM gaia WHERE CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 10, 20, 1)) = 1
SELECT ra FROM gaia WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 10, 20, 1))
SELECT ra FROM gaia WHERE CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1)) = 0
SELECT ra FROM gaia WHERE CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1)) <> 1
SELECT ra FROM gaia WHERE CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1)) != 0
SELECT ra FROM gaia WHERE CONTAINS(POINT(ra, dec), BOX(10, 20, 1, 1)) = 1
SELECT ra FROM gaia WHERE CONTAINS(POINT(ra, dec), POLYGON(10, 10, 20, 10, 20, 20)) = 1
SELECT ra FROM gaia WHERE CONTAINS(POINT(ra, dec), REGION('Circle ICRS 10 20 1')) = 1
SELECT CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1)) AS inside FROM gaia
SELECT ra FROM gaia WHERE CONTAINS(CIRCLE(ra, dec, 0.1), CIRCLE(10, 20, 1)) = 1
SELECT ra FROM gaia WHERE CONTAINS(CIRCLE(ra, dec, 0.1), BOX(10, 20, 1, 1)) = 1
SELECT ra FROM gaia WHERE CONTAINS(BOX(ra, dec, 0.1, 0.1), CIRCLE(10, 20, 1)) = 1
SELECT ra FROM gaia WHERE CONTAINS(BOX(ra, dec, 0.1, 0.1), BOX(10, 20, 1, 1)) = 1
SELECT ra FROM gaia WHERE INTERSECTS(CIRCLE(ra, dec, 0.1), CIRCLE(10, 20, 1)) = 1
SELECT ra FROM gaia WHERE INTERSECTS(CIRCLE(ra, dec, 0.1), BOX(10, 20, 1, 1)) = 1
SELECT ra FROM gaia WHERE 1 = INTERSECTS(BOX(10, 20, 1, 1), CIRCLE(ra, dec, 0.1))
SELECT ra FROM gaia WHERE INTERSECTS(BOX(ra, dec, 1, 1), BOX(10, 20, 1, 1)) = 1
SELECT ra FROM gaia WHERE INTERSECTS(POINT(ra, dec), CIRCLE(10, 20, 1)) = 1
SELECT ra FROM gaia WHERE INTERSECTS(CIRCLE(10, 20, 1), POINT(ra, dec)) = 1
SELECT name FROM obs WHERE INTERSECTS(s_region, CIRCLE(10, 20, 1)) = 1
SELECT name FROM obs WHERE CONTAINS(POINT(10, 20), s_region) = 1
SELECT name FROM obs WHERE CONTAINS(centre, CIRCLE(10, 20, 1)) = 1
SELECT s_region, centre, AREA(s_region), CENTROID(s_region), COORD1(centre) FROM obs
SELECT DISTANCE(POINT(ra, dec), POINT(10, 20)) AS d FROM gaia ORDER BY d
SELECT DISTANCE(ra, dec, 10, 20) FROM gaia
SELECT ra FROM gaia WHERE DISTANCE(POINT('ICRS', ra, dec), POINT('ICRS', 10, 20)) < 1
SELECT ra FROM gaia WHERE DISTANCE(ra, dec, 10, 20) <= 1 / 60.
SELECT ra FROM gaia WHERE 0.5 > DISTANCE(ra, dec, 10, 20)
SELECT ra FROM gaia WHERE DISTANCE(ra, dec, 10, 20) * 3600 < 5
SELECT ra FROM gaia WHERE DISTANCE(ra, dec, 10, 20) BETWEEN 0.1 AND 0.2
SELECT ra FROM gaia WHERE IN_UNIT(DISTANCE(ra, dec, 10, 20), 'arcsec') < 5
SELECT AREA(CIRCLE(1, 2, 3)), AREA(BOX(1, 2, 3, 4)), AREA(POINT(1, 2)), AREA(POLYGON(1, 1, 2, 1, 2, 2)) FROM gaia
SELECT CENTROID(CIRCLE(1, 2, 3)), CENTROID(POLYGON(1, 1, 2, 1, 2, 2)), CENTROID(POINT(1, 2)) FROM gaia
SELECT COORD1(POINT(ra, dec)), COORD2(POINT(ra, dec)), COORDSYS(POINT(ra, dec)) FROM gaia
SELECT COORD1(CENTROID(CIRCLE('ICRS', ra, dec, 1))) FROM gaia
SELECT g.source_id, t.tm_id FROM gaia AS g JOIN twomass AS t ON DISTANCE(g.ra, g.dec, t.ra, t.dec) < 1 / 3600.
SELECT g.source_id, t.tm_id FROM gaia AS g JOIN twomass AS t ON 1 = CONTAINS(POINT('ICRS', g.ra, g.dec), CIRCLE('ICRS', t.ra, t.dec, 0.001))
SELECT g.source_id FROM gaia AS g, twomass AS t WHERE DISTANCE(POINT(g.ra, g.dec), POINT(t.ra, t.dec)) < 0.001 AND t.j_m < 15
SELECT g.source_id, t.tm_id FROM gaia AS g LEFT JOIN twomass AS t ON DISTANCE(g.ra, g.dec, t.ra, t.dec) < 0.001
SELECT g.source_id, t.tm_id FROM gaia AS g RIGHT JOIN twomass AS t ON DISTANCE(g.ra, g.dec, t.ra, t.dec) < 0.001
SELECT g.source_id, m.id FROM gaia AS g JOIN TAP_UPLOAD.mine AS m ON DISTANCE(g.ra, g.dec, m.ra, m.dec) < 0.001
SELECT a.source_id, b.source_id FROM gaia AS a JOIN gaia AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.01 AND a.source_id < b.source_id
SELECT a.source_id FROM gaia AS a JOIN gaia AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.01 JOIN twomass AS c ON DISTANCE(b.ra, b.dec, c.ra, c.dec) < 0.01
SELECT source_id FROM gaia WHERE EXISTS (SELECT 1 FROM twomass AS t WHERE DISTANCE(gaia.ra, gaia.dec, t.ra, t.dec) < 0.001)
WITH c AS (SELECT ra, dec FROM gaia WHERE phot_g_mean_mag < 15) SELECT COUNT(*) FROM c JOIN twomass AS t ON DISTANCE(c.ra, c.dec, t.ra, t.dec) < 0.001
SELECT ra FROM gaia WHERE (CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1)) = 1 OR CONTAINS(POINT(ra, dec), CIRCLE(50, 20, 1)) = 1)
-- user-defined functions
SELECT ivo_healpix_index(10, ra, dec), ivo_healpix_index(10, POINT(ra, dec)) FROM gaia
SELECT IVO_HEALPIX_CENTER(5, 100) FROM gaia
SELECT ivo_epoch_prop_pos(ra, dec, parallax, pmra, pmdec, radial_velocity, 2016.0, 2000) FROM gaia
SELECT ivo_epoch_prop_pos(ra, dec, pmra, pmdec, 2016.0, 2000) FROM gaia
SELECT ra FROM gaia WHERE 1 = CONTAINS(ivo_epoch_prop_pos(ra, dec, parallax, pmra, pmdec, radial_velocity, 2016.0, 2000), CIRCLE(10, 20, 1))
SELECT name FROM obs WHERE 1 = ivo_hasword(title, 'galaxy')
SELECT name FROM obs WHERE ivo_hashlist_has(title, 'x') = 1 OR ivo_nocasematch(name, 'A%') = 1
SELECT ivo_string_agg(name, ', ') AS all_names FROM obs
SELECT ivo_histogram(ra, 0, 360, 12) FROM gaia
SELECT ivo_to_jd(start), ivo_to_mjd(start), ivo_to_mjd('2020-01-01T00:00:00') FROM obs
SELECT ivo_geom_transform('ICRS', 'GALACTIC', POINT(ra, dec)) FROM gaia
SELECT ivo_normal_random(0, 1), ivo_interval_overlaps(1, 2, 1.5, 3) FROM gaia
SELECT ivo_hms_to_degrees('12:30:00'), ivo_dms_to_degrees('-10:30:00') FROM gaia
-- TAP_SCHEMA as clients ask it
SELECT schema_name, table_name, description FROM TAP_SCHEMA.tables ORDER BY schema_name, table_name
SELECT COUNT(*) AS nr FROM TAP_SCHEMA.tables WHERE table_name LIKE 'tap_schema.%'
SELECT * FROM TAP_SCHEMA.tables AS t WHERE t.schema_name IN ('public', 'tap_schema')
