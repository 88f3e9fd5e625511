-- ADQL that tries to become other SQL. One query a line (\n stands for a line break). Each is an error, or a SELECT
-- whose answer has the columns it lists and the rows of its tables.
-- A minus before a minus would begin a comment, and a text with a line break would end it.
SELECT TOP 1 -MOD(-7,4), '\n1 as x); create or replace view main.gaia as select 666e0 as ra; select * from (select (select string_agg(path, chr(10)) from duckdb_databases()) as p --' FROM gaia
SELECT TOP 1 -MOD(-7,4) AS a, '\n1); create or replace view main.gaia as select 666 as id; select * from (select 1 --' AS b FROM gaia
SELECT TOP 1 - -1 AS a, '\n, (select content from read_text(''{secret}'')) --' AS b FROM gaia
SELECT TOP 1 -(-1) AS a, '\n, getenv(''HOME'') --' AS b FROM gaia
SELECT TOP 1 1--1\n, id AS b FROM gaia
SELECT TOP 1 -COORD2(POINT(1, -2)), '\n, 1 --' FROM gaia
SELECT TOP 1 -COORD2(REGION('Circle 1 -2 3')), '\n, 1 --' FROM gaia
SELECT TOP 1 -COORD2(CENTROID(REGION('Circle 1 -2 3'))), '\n, 1 --' FROM gaia
SELECT TOP 1 -CASE WHEN 1 = 1 THEN -1 ELSE -2 END, '\n, 1 --' FROM gaia
SELECT TOP 1 -IN_UNIT(COORD1(POINT(-1, -1)), 'rad'), '\n, 1 --' FROM gaia
SELECT TOP 1 -IVO_HMS_TO_DEGREES('-1'), '\n, 1 --' FROM gaia
SELECT TOP 1 -ROUND(-7/2), '\n, 1 --' FROM gaia
SELECT TOP 1 3 * -MOD(-7, -4) / -2, '\n, 1 --' FROM gaia
SELECT id FROM gaia WHERE -MOD(-id, 4) = 1 AND name <> '\n or 1=1; drop view gaia --'
SELECT id FROM gaia ORDER BY -MOD(-id, 4), '\n; drop view gaia --' || name
SELECT COUNT(*) FROM gaia GROUP BY -MOD(-id, 4), '\n; drop view gaia --' || name
-- Texts: quotes, backslashes, dollars, comments, line breaks.
SELECT '''; drop view gaia; --' FROM gaia
SELECT '\'; drop view gaia; --' FROM gaia
SELECT 'a' '''; drop view gaia; --' FROM gaia
SELECT '$$; drop view gaia; $$' FROM gaia
SELECT '*/ drop view gaia /*' FROM gaia
SELECT 'a'''''''''' FROM gaia
SELECT E'\\'; drop view gaia --' FROM gaia
SELECT U&'\0027' FROM gaia
SELECT X'27' FROM gaia
SELECT N'x' FROM gaia
SELECT 'a' -- '; drop view gaia\n|| 'b' FROM gaia
SELECT UPPER('\n''); drop view gaia; --') || LOWER(''' || x || ''') FROM gaia
SELECT CAST('1, 2); drop view gaia; --' AS POINT) FROM gaia
SELECT CAST(name || '1 2) ; drop view gaia' AS POLYGON) FROM gaia
SELECT REGION('Circle ICRS 1 2 3); drop view gaia; --') FROM gaia
SELECT REGION('Circle ICRS 1e0 2 3'' || (select 1)') FROM gaia
SELECT POINT('ICRS'' || (select 1) || ''', ra, dec) FROM gaia
SELECT POINT('' || '', ra, dec) FROM gaia
SELECT ivo_geom_transform('ICRS'', (select 1)) --', 'GALACTIC', POINT(ra, dec)) FROM gaia
SELECT IN_UNIT(ra, 'deg'' || getenv(''HOME'') || ''') FROM gaia
SELECT IN_UNIT(ra, '1)::varchar; drop view gaia; --') FROM gaia
SELECT ivo_string_agg(name, '''; drop view gaia; --') FROM gaia
SELECT id FROM gaia WHERE name LIKE '''%'' ESCAPE ''\n' OR name ILIKE '\n--'
SELECT ivo_hasword(name, '\n'') --'), ivo_nocasematch('''' , '%''%') FROM gaia
-- Names: quotes, line breaks, what the translation writes itself.
SELECT ra AS "a"", (select path from duckdb_databases()) as ""b" FROM gaia
SELECT ra AS "a"" FROM gaia; drop view gaia; --" FROM gaia
SELECT ra AS "--\n" FROM gaia
SELECT ra AS "/*", dec AS "*/" FROM gaia
SELECT "ra"" FROM duckdb_settings(); --" FROM gaia
SELECT ra FROM "gaia""; drop view gaia; --"
SELECT ra FROM gaia AS "g"", duckdb_settings() as ""h"
SELECT g."ra" FROM gaia AS "g\n--"
SELECT "{relation}" FROM (SELECT ra AS "{relation}", dec FROM gaia) AS a, wise AS b WHERE DISTANCE(a."{relation}", a.dec, b.ra, b.dec) < 0.1
SELECT a."{x}" FROM (SELECT ra AS "{x}", dec AS "{n}" FROM gaia) AS a JOIN wise AS b ON DISTANCE(a."{x}", a."{n}", b.ra, b.dec) < 0.1
SELECT "{0}" FROM (SELECT ra AS "{0}" FROM gaia) AS "{1.lon}" WHERE SQRT("{0}") > 1
SELECT "__x1" FROM (SELECT ra AS "__x1", dec FROM gaia) AS a JOIN wise AS b ON DISTANCE(a."__x1", a.dec, b.ra, b.dec) < 0.1
SELECT ra AS "\1\g<0>%s" FROM gaia
WITH "x"" AS (select 1), ""y" AS (SELECT ra FROM gaia) SELECT * FROM "x"" AS (select 1), ""y"
WITH duckdb_settings AS (SELECT ra FROM gaia) SELECT * FROM duckdb_settings
WITH "t_gaia.main.data" AS (SELECT ra FROM gaia) SELECT * FROM "t_gaia.main.data"
WITH t_gaia AS (SELECT ra FROM gaia) SELECT * FROM t_gaia
WITH "keys.gaia" AS (SELECT ra AS hidden FROM gaia) SELECT * FROM "keys.gaia"
SELECT "keys.gaia".ra FROM keys.gaia AS "keys.gaia"
-- Tables and functions that are not for queries.
SELECT * FROM duckdb_settings
SELECT * FROM "duckdb_settings()"
SELECT * FROM t_gaia.main.data
SELECT * FROM "t_gaia"."skyband"."properties"
SELECT * FROM memory.main.gaia
SELECT * FROM placed.gaia
SELECT * FROM information_schema.tables
SELECT * FROM "{secret}"
SELECT * FROM "{secret}" AS x
SELECT * FROM read_text('{secret}')
SELECT * FROM cone('gaia', 1, 2, 3)
SELECT read_text('{secret}') FROM gaia
SELECT getenv('HOME') FROM gaia
SELECT "getenv"('HOME') FROM gaia
SELECT adql_flag(1) FROM gaia
SELECT repeat('x', 1000000000) FROM gaia
SELECT query('select 1') FROM gaia
SELECT nextval('s') FROM gaia
SELECT current_setting('home_directory') FROM gaia
SELECT COLUMNS('.*') FROM gaia
SELECT rowid FROM gaia
SELECT __ra FROM gaia
SELECT ra FROM gaia; DROP VIEW gaia
SELECT ra FROM gaia; SELECT 1 FROM gaia
SELECT ra INTO x FROM gaia
SELECT ra FROM gaia FOR UPDATE
SELECT ra FROM gaia WHERE ra IN (SELECT ra FROM gaia); DELETE FROM gaia
(SELECT ra FROM gaia)) UNION (SELECT path FROM duckdb_databases()
SELECT (SELECT path FROM duckdb_databases()) FROM gaia
SELECT ra FROM gaia -- \n; DROP VIEW gaia
SELECT ra FROM gaia /* \n */; DROP VIEW gaia
-- Numbers and types.
SELECT 1e5; FROM gaia
SELECT 0x FROM gaia
SELECT 1_000 FROM gaia
SELECT 1a FROM gaia
SELECT 1..2 FROM gaia
SELECT .e5 FROM gaia
SELECT 1e400 FROM gaia
SELECT ٣ FROM gaia
SELECT 1٣ FROM gaia
SELECT TOP ٣ ra FROM gaia
SELECT TOP 99999999999999999999999 ra FROM gaia
SELECT ra FROM gaia OFFSET 99999999999999999999999
SELECT CAST(ra AS VARCHAR(1); drop view gaia) FROM gaia
SELECT CAST(ra AS "VARCHAR") FROM gaia
SELECT CAST(ra AS INTEGER[]) FROM gaia
SELECT CAST(ra AS VARCHAR(99999999999999999999)) FROM gaia
SELECT CIRCLE(ra, dec, -1), CIRCLE(ra, dec, -ra) FROM gaia
SELECT POLYGON(-1, -1, -MOD(-7, 4), -1, -1, -1), '\n, 1 --' FROM gaia
SELECT ivo_histogram(ra, -0, -MOD(-7, 4), 3), '\n, 1 --' FROM gaia
SELECT ra FROM gaia WHERE DISTANCE(ra, dec, -MOD(-7,4), - -1) < 1 AND name <> '\n) --'
