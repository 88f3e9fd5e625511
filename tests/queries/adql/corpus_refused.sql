-- What the grammar refuses: one query a line. ¦ stands, where there is one, at the place the error must name.
-- words and signs
¦SELEC ra FROM gaia
¦DROP TABLE gaia
¦INSERT INTO gaia VALUES (1)
¦UPDATE gaia SET ra = 1
¦DELETE FROM gaia
¦EXPLAIN SELECT ra FROM gaia
¦COPY gaia TO 'x'
¦PRAGMA version
¦1
SELECT ra FROM gaia; ¦SELECT dec FROM gaia
SELECT ra FROM gaia; ¦DROP TABLE gaia
SELECT ra FROM gaia;¦;
SELECT ra FROM gaia ¦LIMIT 10
SELECT ra FROM gaia WHERE ra > 1 ¦LIMIT 10
SELECT ra ¦INTO x FROM gaia
SELECT ¦[ra] FROM gaia
SELECT ¦`ra` FROM gaia
SELECT ¦@x FROM gaia
SELECT ra¦::INTEGER FROM gaia
SELECT ra ¦% 2 FROM gaia
SELECT ¦$1 FROM gaia
SELECT ¦? FROM gaia
SELECT ra FROM gaia WHERE ra =¦= 1
SELECT ra FROM gaia WHERE name ¦~ 'a'
SELECT ra FROM gaia WHERE ra ¦& 1 = 1
SELECT name ¦| 'a' FROM obs
SELECT ra FROM gaia WHERE ra ¦! = 1
SELECT ¦'open FROM gaia
SELECT ¦"open FROM gaia
SELECT ¦"" FROM gaia
SELECT ra /¦* no */ FROM gaia
SELECT ra FROM gaia ¦# no
SELECT ¦été FROM gaia
-- names
SELECT ¦_ra FROM gaia
SELECT ¦1ra FROM gaia
SELECT ra AS ¦1x FROM gaia
SELECT ra AS ¦_x FROM gaia
SELECT ra FROM ¦_gaia
SELECT ¦size FROM obs
SELECT ra AS ¦value FROM gaia
SELECT ra AS ¦distance FROM gaia
SELECT ra AS ¦point FROM gaia
SELECT ra ¦select FROM gaia
SELECT ¦user FROM gaia
SELECT ra FROM ¦table
SELECT ra FROM gaia AS ¦order
SELECT ra FROM gaia AS ¦top
SELECT gaia.¦date FROM gaia
SELECT ra FROM ¦a.b.c.gaia
SELECT ¦a.b.c.d.ra FROM gaia
SELECT ra FROM gaia.¦.x
SELECT ra FROM gaia.¦
SELECT ¦.ra FROM gaia
SELECT gaia.¦'ra' FROM gaia
SELECT ra AS ¦'x' FROM gaia
SELECT ra AS FROM gaia
-- select list
SELECT ¦FROM gaia
SELECT ra, ¦FROM gaia
SELECT ¦, ra FROM gaia
SELECT ra,¦, dec FROM gaia
SELECT ra ¦
SELECT ¦
¦
SELECT 1¦
SELECT * ¦ra FROM gaia
SELECT TOP ¦FROM gaia
SELECT TOP ¦-1 ra FROM gaia
SELECT TOP ¦1.5 ra FROM gaia
SELECT TOP ¦x ra FROM gaia
SELECT TOP ¦(5) ra FROM gaia
SELECT TOP 5 ¦DISTINCT ra FROM gaia
SELECT TOP 5 ¦FROM gaia
SELECT DISTINCT ¦FROM gaia
SELECT DISTINCT ¦ALL ra FROM gaia
SELECT ra dec ¦mag FROM gaia
SELECT ra > 1 FROM gaia
SELECT ¦(ra > 1) FROM gaia
SELECT ¦ra IS NULL FROM gaia
SELECT ¦NULL FROM gaia
SELECT ra + FROM gaia
SELECT * ¦2 FROM gaia
SELECT ra * ¦* 2 FROM gaia
SELECT (ra FROM gaia
SELECT ra¦) FROM gaia
SELECT (¦) FROM gaia
SELECT (ra¦, dec) FROM gaia
SELECT --ra FROM gaia
-- FROM
SELECT ra FROM ¦
SELECT ra FROM ¦WHERE ra > 1
SELECT ra FROM gaia, ¦
SELECT ra FROM gaia,¦, twomass
SELECT ra FROM (SELECT ra FROM gaia)¦
SELECT ra FROM (SELECT ra FROM gaia) ¦WHERE ra > 1
SELECT ra FROM ¦read_csv('x')
SELECT ra FROM ¦'gaia.parquet'
SELECT ra FROM ¦cone('gaia', 1, 2, 3)
SELECT ra FROM gaia AS g¦(a, b)
SELECT a.ra FROM (gaia AS a JOIN gaia AS b ON a.ra = b.ra) ¦AS c
SELECT ra FROM gaia JOIN ¦
SELECT a.ra FROM gaia AS a JOIN gaia AS b¦
SELECT a.ra FROM gaia AS a INNER JOIN gaia AS b ¦WHERE a.ra = b.ra
SELECT a.ra FROM gaia AS a LEFT JOIN gaia AS b ¦ORDER BY 1
SELECT a.ra FROM gaia AS a ¦CROSS JOIN gaia AS b
SELECT a.ra FROM gaia AS a LEFT ¦gaia AS b
SELECT a.ra FROM gaia AS a ¦OUTER JOIN gaia AS b ON a.ra = b.ra
SELECT a.ra FROM gaia AS a NATURAL JOIN gaia AS b ¦ON a.ra = b.ra
SELECT a.ra FROM gaia AS a JOIN gaia AS b ON ¦a.ra
SELECT a.ra FROM gaia AS a JOIN gaia AS b ON ¦
SELECT a.ra FROM gaia AS a JOIN gaia AS b USING ¦ra
SELECT a.ra FROM gaia AS a JOIN gaia AS b USING (¦)
SELECT a.ra FROM gaia AS a JOIN gaia AS b USING (a¦.ra)
SELECT ra FROM LATERAL (SELECT ra FROM gaia) AS x
SELECT ra FROM (¦VALUES (1)) AS x
-- WHERE
SELECT ra FROM gaia WHERE ¦
SELECT ra FROM gaia WHERE ¦ra
SELECT ra FROM gaia WHERE ¦CONTAINS(POINT(ra, dec), CIRCLE(1, 2, 3))
SELECT ra FROM gaia WHERE ra > 1 AND ¦CONTAINS(POINT(ra, dec), CIRCLE(1, 2, 3))
SELECT ra FROM gaia WHERE NOT ¦ra
SELECT ra FROM gaia WHERE ¦(ra)
SELECT ra FROM gaia WHERE ¦1
SELECT ra FROM gaia WHERE ¦TRUE
SELECT ra FROM gaia WHERE ra > ¦
SELECT ra FROM gaia WHERE ¦> 1
SELECT ra FROM gaia WHERE ra > 1 AND ¦
SELECT ra FROM gaia WHERE ra > 1 ¦ra < 2
SELECT ra FROM gaia WHERE ra > 1 ¦> 0
SELECT ra FROM gaia WHERE ¦(ra > 1) + 1 > 0
SELECT ra FROM gaia WHERE ra = ¦NULL
SELECT ra FROM gaia WHERE ra IS ¦3
SELECT ra FROM gaia WHERE ra IS NOT ¦TRUE
SELECT ra FROM gaia WHERE ra IN ¦5
SELECT ra FROM gaia WHERE ra IN (¦)
SELECT ra FROM gaia WHERE ra IN (1, ¦)
SELECT ra FROM gaia WHERE ra IN ¦gaia
SELECT ra FROM gaia WHERE ra BETWEEN 1 ¦
SELECT ra FROM gaia WHERE ra BETWEEN 1 ¦OR 2
SELECT ra FROM gaia WHERE ra NOT ¦> 1
SELECT ra FROM gaia WHERE name LIKE ¦
SELECT ra FROM gaia WHERE name LIKE 'a' ¦ESCAPE 'b'
SELECT ra FROM gaia WHERE ¦name SIMILAR TO 'a'
SELECT ra FROM gaia WHERE EXISTS ¦gaia
SELECT ra FROM gaia WHERE EXISTS (¦1)
SELECT ra FROM gaia WHERE ra > ¦ALL (SELECT ra FROM gaia)
SELECT ra FROM gaia WHERE ra > ¦ANY (SELECT ra FROM gaia)
SELECT ra FROM gaia WHEER ¦ra > 1
SELECT ra FROM gaia WHERE ra > 1 ¦WHERE ra > 2
-- grouping, ordering, offset
SELECT ra FROM gaia GROUP ¦ra
SELECT ra FROM gaia GROUP BY ¦
SELECT ra FROM gaia GROUP BY ¦1
SELECT ra FROM gaia GROUP BY ra, ¦
SELECT ra FROM gaia GROUP BY ra HAVING ¦ra
SELECT ra FROM gaia GROUP BY ra HAVING ¦COUNT(*)
SELECT ra FROM gaia ORDER ¦ra
SELECT ra FROM gaia ORDER BY ¦
SELECT ra FROM gaia ORDER BY ¦'ra'
SELECT ra FROM gaia ORDER BY ¦1.5
SELECT ra FROM gaia ORDER BY ra ¦NULLS LAST
SELECT ra FROM gaia ORDER BY ra ¦WHERE ra > 1
SELECT ra FROM gaia ORDER BY ra ¦GROUP BY ra
SELECT ra FROM gaia OFFSET ¦
SELECT ra FROM gaia OFFSET ¦-1
SELECT ra FROM gaia OFFSET ¦1.5
SELECT ra FROM gaia OFFSET ¦ra
SELECT ra FROM gaia OFFSET 1 ¦ORDER BY ra
SELECT ra FROM gaia OFFSET 5 ¦ROWS
-- set operators, WITH
SELECT ra FROM gaia UNION ¦
SELECT ra FROM gaia MINUS ¦SELECT ra FROM twomass
SELECT ra FROM gaia ORDER BY ra ¦UNION SELECT ra FROM twomass
SELECT ra FROM gaia OFFSET 3 ¦UNION SELECT ra FROM twomass
SELECT ra FROM gaia UNION ¦DISTINCT SELECT ra FROM twomass
SELECT ra FROM gaia UNION ALL ¦ALL SELECT ra FROM twomass
WITH ¦SELECT ra FROM gaia
WITH a AS ¦SELECT ra FROM gaia SELECT * FROM a
WITH a ¦(x) AS (SELECT ra FROM gaia) SELECT * FROM a
WITH a AS (SELECT ra FROM gaia), ¦SELECT * FROM a
WITH a AS (SELECT ra FROM gaia)¦
WITH ¦RECURSIVE a AS (SELECT ra FROM gaia) SELECT * FROM a
WITH a AS (¦WITH b AS (SELECT ra FROM gaia) SELECT * FROM b) SELECT * FROM a
SELECT ra FROM (¦WITH b AS (SELECT ra FROM gaia) SELECT * FROM b) AS c
SELECT ra FROM gaia WHERE ra IN (¦WITH b AS (SELECT ra FROM gaia) SELECT * FROM b)
-- functions
SELECT COUNT(¦) FROM gaia
SELECT SUM(¦*) FROM gaia
SELECT MAX(ra¦, dec) FROM gaia
SELECT COUNT(DISTINCT ¦*) FROM gaia
SELECT SQRT(ra FROM gaia
SELECT SQRT(ra, ¦) FROM gaia
SELECT CAST(ra AS ¦FLOAT) FROM gaia
SELECT CAST(ra AS ¦DOUBLE) FROM gaia
SELECT CAST(ra AS ¦NULL) FROM gaia
SELECT CAST(ra AS ¦BLOB) FROM gaia
SELECT CAST(ra AS ¦INT) FROM gaia
SELECT CAST(ra AS VARCHAR(¦-1)) FROM gaia
SELECT CAST(ra AS INTEGER¦(3)) FROM gaia
SELECT CAST(ra¦, INTEGER) FROM gaia
SELECT CAST ¦ra AS INTEGER FROM gaia
SELECT RANK() ¦OVER (ORDER BY ra) FROM gaia
SELECT SUM(ra) ¦OVER () FROM gaia
SELECT COUNT(*) FILTER ¦(WHERE ra > 1) FROM gaia
SELECT CASE ¦END FROM gaia
SELECT CASE WHEN ra > 1 THEN 2 ¦FROM gaia
SELECT CASE WHEN ¦ra THEN 2 END FROM gaia
SELECT ¦SUBSTRING(name FROM 1 FOR 2) FROM obs
SELECT ¦EXTRACT(YEAR FROM start) FROM obs
SELECT ¦INTERVAL '1' DAY FROM obs
SELECT ¦TIMESTAMP '2020-01-01' FROM obs
SELECT ¦{d '2020-01-01'} FROM obs
SELECT SQRT(¦SELECT ra FROM gaia) FROM gaia
SELECT SQRT(¦ra > 1) FROM gaia
