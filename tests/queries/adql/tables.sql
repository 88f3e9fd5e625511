CREATE TABLE obs AS SELECT * FROM (VALUES
    ('a', 'A spiral galaxy', 10, TIMESTAMP '2015-06-01 12:00:00', true, [9.0, 19.0, 11.0, 19.0, 11.0, 21.0, 9.0, 21.0]::DOUBLE[], [10.0, 20.0]::DOUBLE[2]),
    ('Ab', 'x#y', 20, TIMESTAMP '2016-01-01 00:00:00', false, [359.0, -1.0, 1.0, -1.0, 1.0, 1.0, 359.0, 1.0]::DOUBLE[], [0.0, 0.0]::DOUBLE[2]),
    ('b', NULL, NULL, NULL, NULL, NULL, NULL)
) obs(name, title, "size", "start", flag, s_region, centre);
CREATE SCHEMA tap_schema;
CREATE TABLE tap_schema."tables" AS SELECT * FROM (VALUES ('public', 'gaia', 'Gaia'), ('tap_schema', 'tap_schema.tables', 'Tables')) t(schema_name, table_name, description);
CREATE SCHEMA tap_upload;
CREATE TABLE tap_upload.mine AS SELECT source_id AS id, ra, dec + 1e-5 AS dec FROM gaia WHERE source_id % 10 = 0;
