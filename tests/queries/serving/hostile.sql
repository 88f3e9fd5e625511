-- SQL that must be refused or do no harm. One statement a line (\n stands for a line break); {secret} is a file outside
-- the store, {out} a file that must not come to be, {store} the folder of the store.
-- Reading files.
SELECT * FROM read_csv('{secret}')
SELECT * FROM read_csv_auto('{secret}')
SELECT * FROM '{secret}'
SELECT * FROM "{secret}"
FROM '{secret}'
SELECT * FROM read_text('{secret}')
SELECT * FROM read_text(['{secret}'])
SELECT content FROM read_blob('{secret}')
SELECT * FROM read_json('{secret}')
SELECT * FROM read_json_auto('{secret}')
SELECT * FROM read_json_objects('{secret}')
SELECT * FROM read_ndjson('{secret}')
SELECT * FROM read_ndjson_objects('{secret}')
SELECT * FROM read_parquet('{secret}')
SELECT * FROM parquet_scan('{secret}')
SELECT * FROM parquet_metadata('{secret}')
SELECT * FROM parquet_schema('{secret}')
SELECT * FROM parquet_file_metadata('{secret}')
SELECT * FROM parquet_kv_metadata('{secret}')
SELECT * FROM sniff_csv('{secret}')
SELECT * FROM glob('{store}/*')
SELECT * FROM glob('/etc/*')
SELECT * FROM read_duckdb('{store}/tables/gaia.duckdb')
SELECT * FROM read_single_csv_file('{secret}')
SELECT * FROM read_text('/proc/self/environ')
SELECT * FROM '/etc/passwd'
SELECT * FROM 'https://example.org/a.csv'
SELECT * FROM read_csv('https://example.org/a.csv')
SELECT * FROM 's3://bucket/a.parquet'
SELECT * FROM read_text('file://{secret}')
SELECT (SELECT content FROM read_text('{secret}'))
SELECT * FROM gaia WHERE name IN (SELECT content FROM read_text('{secret}'))
WITH a AS (SELECT * FROM read_text('{secret}')) SELECT * FROM a
SELECT * FROM (VALUES (1)) t(x), LATERAL (SELECT * FROM read_text('{secret}'))
SELECT list((SELECT content FROM read_text('{secret}')))
SELECT * FROM query('SELECT content FROM read_text(''{secret}'')')
SELECT * FROM query_table('{secret}')
SELECT * FROM query_table(['{secret}'])
SELECT * FROM cone('{secret}', 1, 2, 3)
SELECT * FROM cone('gaia"; SELECT 1', 1, 2, 3)
SELECT * FROM cone('x' || 'y', 1, 2, 3)
SELECT * FROM cone("table" := '{secret}', ra0 := 1, dec0 := 2, radius_deg := 3)
SELECT * FROM xmatch('gaia', '{secret}', 1)
SELECT * FROM xmatch('{secret}', 'gaia', 1)
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT content FROM read_text(''{secret}'')'))
SELECT json_serialize_plan('SELECT * FROM read_text(''{secret}'')')
SELECT 1 UNION ALL SELECT length(content) FROM read_text('{secret}')
SELECT * FROM gaia EXCEPT SELECT * FROM read_csv('{secret}')
SELECT * FROM seq_scan('{secret}')
SELECT * FROM python_arrow_scan(1, 2, 3)
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM arrow_scan_dumb(1, 2, 3)
SELECT * FROM pandas_scan(1)
SELECT * FROM python_map_function()
SELECT * FROM os
SELECT * FROM sys
SELECT * FROM self
-- Writing files.
COPY (SELECT 1) TO '{out}'
COPY gaia TO '{out}' (FORMAT parquet)
COPY gaia FROM '{secret}'
COPY (SELECT 1) TO '{store}/tables/new.duckdb'
COPY (SELECT 1) TO '{store}/tables/gaia.duckdb.wal'
COPY (SELECT 1) TO PROGRAM 'touch {out}'
WITH x AS (COPY (SELECT 1) TO '{out}') SELECT 1
WITH x AS (COPY (SELECT 1) TO '{out}') SELECT * FROM x
SELECT * FROM (WITH x AS (COPY (SELECT 1) TO '{out}') SELECT 1)
WITH y AS (WITH x AS (COPY (SELECT 1) TO '{out}') SELECT 1) SELECT * FROM y
EXPORT DATABASE '{out}'
IMPORT DATABASE '{store}'
CHECKPOINT
FORCE CHECKPOINT
SELECT * FROM checkpoint()
SELECT * FROM force_checkpoint()
VACUUM
SELECT write_log('x')
CALL enable_logging(storage := 'file', storage_path := '{out}')
SELECT * FROM enable_logging()
CALL enable_profiling(save_location := '{out}')
PRAGMA enable_profiling
SET profiling_output = '{out}'
SET log_query_path = '{out}'
-- Other databases, extensions, secrets.
ATTACH '{out}'
ATTACH '{out}' AS other
ATTACH ':memory:' AS other
ATTACH '{store}/tables/gaia.duckdb' AS again (READ_WRITE)
ATTACH 'https://example.org/a.duckdb'
DETACH t_gaia
USE t_gaia
USE memory
INSTALL httpfs
LOAD httpfs
FORCE INSTALL spatial FROM 'https://example.org'
UPDATE EXTENSIONS
CREATE SECRET s (TYPE s3)
CREATE PERSISTENT SECRET s (TYPE http)
SELECT * FROM duckdb_secrets()
SELECT * FROM which_secret('s3://a', 's3')
-- Changing what is there.
INSERT INTO gaia VALUES (1)
INSERT INTO t_gaia.main.data SELECT * FROM t_gaia.main.data
WITH x AS (INSERT INTO t_gaia.main.data DEFAULT VALUES RETURNING *) SELECT * FROM x
WITH x AS (DELETE FROM tap_schema.tables RETURNING *) SELECT * FROM x
WITH x AS (UPDATE tap_schema.tables SET table_name = 'x' RETURNING *) SELECT * FROM x
WITH x AS (MERGE INTO tap_schema.tables USING gaia ON true WHEN MATCHED THEN DELETE) SELECT 1
UPDATE tap_schema.tables SET description = 'hacked'
DELETE FROM tap_schema.columns
TRUNCATE tap_schema.columns
DROP TABLE tap_schema.tables
DROP SCHEMA keys CASCADE
DROP VIEW gaia
DROP MACRO cone
ALTER TABLE tap_schema.tables ADD COLUMN x INT
CREATE TABLE mine (a INT)
CREATE TEMP TABLE mine (a INT)
CREATE OR REPLACE VIEW gaia AS SELECT 1
CREATE OR REPLACE TEMP MACRO sum(x) AS 42
CREATE MACRO evil(x) AS (SELECT content FROM read_text(x))
CREATE TYPE evil AS ENUM ('a')
CREATE SEQUENCE s
CREATE INDEX i ON tap_schema.tables (table_name)
CREATE SCHEMA mine
CREATE TRIGGER t AFTER INSERT ON tap_schema.tables EXECUTE SELECT 1
COMMENT ON TABLE tap_schema.tables IS 'x'
BEGIN
COMMIT
ROLLBACK
-- Settings.
SET memory_limit = '100GB'
SET GLOBAL threads = 64
SET enable_external_access = true
SET lock_configuration = false
SET disabled_filesystems = ''
RESET enable_external_access
RESET disabled_filesystems
SET allowed_paths = ['/']
SET temp_directory = '/tmp'
SET python_enable_replacements = true
SET max_expression_depth = 1000000
SET VARIABLE x = 1
SET SESSION search_path = 'keys'
PRAGMA disable_object_cache
PRAGMA database_list
PRAGMA memory_limit = '100GB'
PRAGMA verify_parallelism
SELECT getvariable('x')
SELECT current_setting('home_directory')
SELECT current_setting('temp_directory')
SELECT getenv('HOME')
SELECT getenv('PATH')
-- Looking into the catalogue, and paths.
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_databases()
SELECT path FROM duckdb_databases
SELECT * FROM duckdb_views()
SELECT * FROM duckdb_tables
SELECT * FROM duckdb_functions()
SELECT * FROM duckdb_extensions()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM duckdb_logs()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM pragma_database_list
SELECT * FROM pragma_database_list()
SELECT * FROM pragma_storage_info('gaia')
SELECT * FROM pragma_table_info('gaia')
SELECT * FROM pragma_user_agent()
SELECT * FROM information_schema.tables
SELECT * FROM sqlite_master
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_settings
SELECT * FROM system.main.duckdb_settings
SELECT * FROM t_gaia.skyband.properties
SELECT * FROM t_gaia.main.data
SELECT * FROM memory.main.gaia
SELECT * FROM placed.gaia
SHOW TABLES
SHOW ALL TABLES
SHOW DATABASES
DESCRIBE
SELECT * FROM (SHOW DATABASES)
SELECT * FROM (DESCRIBE SELECT * FROM duckdb_settings())
SUMMARIZE duckdb_settings
WITH duckdb_settings AS (SELECT 1) SELECT * FROM duckdb_settings
WITH a AS (SELECT * FROM duckdb_settings), duckdb_settings AS (SELECT 1) SELECT * FROM a
SELECT * FROM sqlite_master, (WITH sqlite_master AS (SELECT 1) SELECT * FROM sqlite_master)
SELECT current_database(), current_schema(), current_user
SELECT current_query()
SELECT txid_current()
SELECT pg_get_viewdef(1)
SELECT in_search_path('a', 'b')
SELECT stats(ra) FROM gaia
-- Not one SELECT.
SELECT 1; SELECT 2
SELECT 1; DROP TABLE gaia
SELECT 1; COPY (SELECT 1) TO '{out}'
SELECT 1) LIMIT 1; COPY (SELECT 1) TO '{out}'; SELECT * FROM (SELECT 1
SELECT 1) UNION ALL (SELECT content FROM read_text('{secret}')
SELECT 1 -- \n; COPY (SELECT 1) TO '{out}'
SELECT 1 /* ; */; ATTACH '{out}'
SELECT 1;;;;;;;;; SELECT 2
EXPLAIN SELECT 1
EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'
EXPLAIN ANALYZE SELECT count(*) FROM gaia
PREPARE p AS SELECT 1
EXECUTE p
DEALLOCATE p
CALL duckdb_settings()
CALL pragma_version()
PIVOT gaia ON name
SELECT * FROM (PIVOT gaia ON name USING count(*))
SELECT * FROM gaia AT (VERSION => 1)
-- Time and memory.
SELECT sleep_ms(100000)
SELECT pg_sleep(100)
SELECT repeat('x', 1000000000)
SELECT repeat(repeat(repeat('x', 9999), 9999), 9999)
SELECT length(repeat(name, 1000000000)) FROM gaia
SELECT 'x'.repeat(1000000000)
SELECT rpad('a', 1500000000, 'b')
SELECT lpad('a', 1500000000, 'b')
SELECT rpad('a', id, 'b') FROM gaia
SELECT len(range(400000000))
SELECT len(generate_series(1, 400000000))
SELECT list_transform(range(20000000), x -> x + 1)
SELECT range(id * 1000000000) FROM gaia
SELECT unnest(range(1000000000000))
SELECT * FROM unnest(range(1000000000000))
SELECT format('{:>1000000000}', 1)
SELECT format('{:>{}}', 1, 1000000000)
SELECT printf('%1000000000d', 1)
SELECT printf('%*d', 1000000000, 1)
SELECT list_resize([1], 2000000000)
SELECT array_resize([1], 2000000000)
SELECT bar(1, 0, 1, 1000000000)
SELECT bitstring('0', 2000000000)
SELECT to_base(1, 2, 2000000000)
SELECT equi_width_bins(0, 1000000000, 100000000, false)
SELECT * FROM repeat('x', 1000000000000)
SELECT * FROM repeat_row(1, num_rows = 1000000000000)
SELECT * FROM test_all_types()
SELECT sum(a.range * b.range) FROM range(1000000000) a, range(1000000000) b
SELECT count(*) FROM range(100000000000)
SELECT list(range) FROM range(100000000000)
SELECT string_agg(range::VARCHAR, ',') FROM range(100000000000)
SELECT * FROM range(10000000000) ORDER BY hash(range) DESC
SELECT max(md5(range::VARCHAR)) FROM range(100000000000)
SELECT range, count(*) FROM range(100000000000) GROUP BY range
WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT max(x) FROM t
WITH RECURSIVE t AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t
WITH RECURSIVE t AS (SELECT [1] AS s UNION ALL SELECT list_concat(s, s) FROM t) SELECT max(len(s)) FROM t
WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT a.x FROM t a, t b) SELECT count(*) FROM t
SELECT list_reduce(range(1000000), lambda x, y: x + y + length(md5(y::VARCHAR)))
SELECT flatten([range(1000000), range(1000000), range(1000000), range(1000000), range(1000000), range(1000000)])
SELECT count(*) FROM (SELECT DISTINCT a.range, b.range FROM range(1000000) a, range(1000000) b)
SELECT array_agg(g) OVER () FROM gaia, range(1000000000)
SELECT factorial(2000000000)
SELECT CAST(NULL AS INTEGER[100000]) FROM range(1000000)
SELECT unnest(regexp_split_to_array(rpad('a', 9999, 'a'), '')) FROM range(100000000)
SELECT approx_top_k(range, 1000000000) FROM range(1000000000)
SELECT 9223372036854775807 + 1
SELECT error('stop')
SELECT 'x' SIMILAR TO '((((((((((((((((x+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+'
SELECT $missing
SELECT
SELECT FROM
'
"
\
$$
