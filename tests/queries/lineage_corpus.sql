-- Queries DuckDB runs over the tables of test_lineage_by_value.py, one a line: a (id, x, y), b (id, x, z), c (id, y, z).
SELECT DISTINCT ON (id) id, x FROM a ORDER BY x DESC NULLS LAST LIMIT 50% OFFSET 0
SELECT ALL x FROM a WHERE (id, x) IN (SELECT id, x FROM a) AND y IS NOT DISTINCT FROM y
SELECT x, count(*) FILTER (y > 3) AS n FROM a GROUP BY CUBE (x) HAVING count() > 0
SELECT x, y, grouping(x), grouping_id(x, y) FROM a GROUP BY GROUPING SETS ((x, y), (x), ())
SELECT x, sum(y) FROM a GROUP BY ROLLUP (x) ORDER BY ALL DESC
SELECT x, row_number() OVER w, lag(y, 1, 0) OVER w FROM a WINDOW w AS (PARTITION BY id ORDER BY y ROWS 1 PRECEDING)
SELECT x FROM a QUALIFY rank() OVER (PARTITION BY id ORDER BY y) = 1
SELECT id, max(x) OVER (ORDER BY y RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM a
SELECT x.round(1).sqrt() AS r, a.x.abs(), (y + 1).ceil() FROM a
SELECT @x, -x, +x, ~2, x // 2, x % 2, x ^ 2, x ** 2, 7 & 3, 1 << 3 FROM a
SELECT x::DECIMAL(8, 2)::VARCHAR, CAST(x AS UTINYINT), TRY_CAST('q' AS INT), DATE '2020-01-01', INTERVAL 3 DAY FROM a
SELECT TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (1) HOUR AS t, '2020-01-01'::DATE - 3, epoch_ms(0)
SELECT e'\n' AS a, $$its$$ AS b, .5 AS c, 1_000 AS d, 1e-3 AS e, 'it''s' AS f, '\x41'::BLOB AS g
SELECT [1, 2, 3] AS l, {'k': x} AS s, MAP {'k': x} AS m, (x, y) AS t, ROW(x, y), [[x], [y]][1][1] FROM a
SELECT l[1:2], l[-1], s.k, s['k'], m['k'], len(l) FROM (SELECT [x, y] AS l, {'k': x} AS s, MAP {'k': y} AS m FROM a)
SELECT [v * 2 FOR v IN [1, 2, 3] IF v > 1], list_transform([1, 2], lambda v: v + 1), list_filter([x], lambda v: v > 2) FROM a
SELECT list(x ORDER BY y DESC), array_agg(DISTINCT x), string_agg(x::VARCHAR, '-' ORDER BY x), histogram(x) FROM a
SELECT arg_max(x, y), arg_min(x, y, 1), max(x, 2), min_by(id, x), any_value(x), first(x ORDER BY y), mode(x) FROM a
SELECT quantile_cont(x, [0.25, 0.75]), median(x), mad(x), approx_count_distinct(x), approx_quantile(x, 0.5) FROM a
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x DESC), mode() WITHIN GROUP (ORDER BY x), corr(x, y) FROM a
SELECT CASE WHEN x > 2 THEN x END, CASE x WHEN 2 THEN 'two' ELSE 'more' END, if(x > 2, x, y), x BETWEEN 1 AND 3 FROM a
SELECT x IS NULL, NOT x > 1, x IN (1, 2), 'ab' LIKE 'a%', 'ab' ILIKE 'A_' ESCAPE '$', 'ab' SIMILAR TO 'a.', 'a' ~ 'a' FROM a
SELECT 'a' || x || 'b', x::VARCHAR COLLATE NOCASE, concat('a', x), printf('%d', 3), format('{}', x), md5('a') FROM a
SELECT current_database(), current_schema(), version() IS NOT NULL, pi(), random() < 2, typeof(x) FROM a
SELECT EXISTS (FROM b), x IN (SELECT x FROM b), x = ANY (SELECT x FROM b), x > ALL (SELECT 1), ARRAY (SELECT id FROM b) FROM a
SELECT (SELECT max(b.x) FROM b WHERE b.id = a.id), (FROM b SELECT min(z)), (WITH q AS (FROM b) SELECT x FROM q LIMIT 1) FROM a
SELECT unnest([x, y]) AS u FROM a
SELECT unnest({'p': x, 'q': y}) FROM a
SELECT unnest([{'p': x, 'q': [{'r': y}]}], recursive := true) FROM a
SELECT s.* FROM (SELECT {'p': x, 'q': y} AS s FROM a)
SELECT a FROM a
SELECT unnest(a), a.x FROM a
SELECT u.v, o FROM a, unnest([x, y]) WITH ORDINALITY AS u(v, o)
SELECT t.* FROM (VALUES (1, 'one'), (2, NULL)) AS t(n, w)
VALUES (1, 'a'), (2, 'b')
SELECT col0 + 1 FROM (VALUES (1))
SELECT n, x FROM range(3) r(n), a
SELECT generate_series, x FROM generate_series(1, 2), a
SELECT x, k FROM a, LATERAL (SELECT a.x + b.x AS k FROM b WHERE b.id = a.id)
SELECT x, m.y2 FROM a LEFT JOIN LATERAL (SELECT a.y AS y2 UNION ALL SELECT c.y FROM c) m ON true
SELECT * FROM a ASOF JOIN b ON a.id = b.id AND a.x <= b.x
SELECT * FROM a ASOF LEFT JOIN b USING (id, x)
SELECT * FROM a LEFT JOIN b ON a.id = b.id AND b.z > 1, c
SELECT a.x, b.x, z FROM a, b JOIN c USING (id, z)
FROM a JOIN b USING (id) SELECT a.x AS ax, b.x AS bx, id WHERE z > 0
FROM (FROM a SELECT x, y) SELECT y
FROM x: a, y: b SELECT x.y, y.z, n: x.x
FROM a SELECT x AS n, n + 1 AS m, m * 2 AS o, -n AS p WHERE n > 0
FROM a TABLESAMPLE RESERVOIR (2 ROWS) REPEATABLE (1)
SELECT x, FROM a,
SELECT x, y FROM a USING SAMPLE 100 PERCENT (bernoulli)
TABLE a
(TABLE a) UNION ALL (SELECT * FROM a LIMIT 1) ORDER BY 1 LIMIT 3
SELECT x FROM a UNION SELECT x FROM b EXCEPT ALL SELECT y FROM c INTERSECT ALL SELECT 1
SELECT * FROM a UNION ALL BY NAME SELECT * FROM b UNION BY NAME SELECT 1 AS w
WITH p AS NOT MATERIALIZED (FROM a), q(i, j) AS (SELECT id, x FROM p) SELECT q.*, p.y FROM q JOIN p ON p.id = q.i
WITH p AS (WITH a AS (SELECT x AS y FROM b) FROM a) SELECT p.y, a.y FROM p, a
WITH RECURSIVE t(n, v) AS (SELECT 1, x FROM a UNION ALL SELECT n + 1, v FROM t WHERE n < 3) FROM t SELECT v, max(n) GROUP BY v
WITH RECURSIVE t(n, v) USING KEY (n) AS (SELECT 1, x FROM a UNION SELECT n + 1, v FROM t WHERE n < 3) FROM t
WITH RECURSIVE t AS (SELECT id, x FROM a UNION SELECT t.id, b.x FROM t JOIN b USING (id)) SELECT * FROM t
WITH RECURSIVE fine AS (SELECT y FROM a) SELECT * FROM fine
PIVOT a ON id USING max(x) AS hi, min(x) AS lo GROUP BY y
PIVOT (FROM a) ON id IN (0.5, 1.5) USING sum(x)
SELECT * FROM a PIVOT (max(x) AS m FOR id IN (0.5) GROUP BY y)
WITH p AS (PIVOT a ON id USING sum(x)) SELECT * FROM p
UNPIVOT a ON x, y INTO NAME what VALUE v
SELECT * FROM a UNPIVOT INCLUDE NULLS (v FOR what IN (x AS ex, y))
SELECT COLUMNS(*) + 1 FROM a
SELECT min(COLUMNS(* EXCLUDE (id))), max(COLUMNS(['x', 'y'])) FROM a
SELECT COLUMNS('(x|y)')::VARCHAR AS 'c_\1' FROM a
SELECT x, (SELECT max(COLUMNS('x')) FROM b) AS m, y FROM a
SELECT coalesce(*COLUMNS('x|y')), greatest(*COLUMNS(*)), [*COLUMNS(*)] FROM a
SELECT COLUMNS(lambda n: n IN ('x')) AS k, y FROM a WHERE COLUMNS(*) > 0
SELECT * EXCLUDE (x) REPLACE (y / 2 AS y) RENAME (id AS i), a.* LIKE 'x' FROM a ORDER BY COLUMNS('y')
SELECT "x" AS "Weird ""name""", 日本: y, a."id" AS "select" FROM a -- comment
SELECT /* all */ x, y /* of /* it */ */ FROM a;
DESCRIBE a
SUMMARIZE SELECT x FROM a
SELECT column_name FROM (DESCRIBE a)
SHOW TABLES
EXPLAIN SELECT x FROM a
SELECT table_name FROM information_schema.tables
SELECT * FROM query('SELECT x AS y FROM a')
SELECT t.x, u.y FROM query_table('a') t, query_table(a) u
SELECT * FROM query_table(['a', 'a'])
SELECT database_name, a.x FROM duckdb_tables(), a
SELECT json_extract('{"p": 1}', '$.p'), '{"p": 1}'::JSON -> 'p', '{"p": 1}'->>'$.p' FROM a
SELECT x FROM memory.main.a WHERE memory.main.a.x > 0 AND main.a.y > 0
