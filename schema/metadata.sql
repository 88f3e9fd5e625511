-- Purpose: the tables in which a table file describes itself (schema `skyband` of the file).
-- Parameters: {catalog} the attached file.
-- Tables: columns (one row a column of `data`), versions (one row a publish, oldest first), properties (key, value).
CREATE SCHEMA {catalog}.skyband;
CREATE TABLE {catalog}.skyband.columns (
    position INTEGER, name VARCHAR, type VARCHAR, unit VARCHAR, ucd VARCHAR, utype VARCHAR, xtype VARCHAR,
    description VARCHAR, role VARCHAR, ascii BOOLEAN
);
CREATE TABLE {catalog}.skyband.versions (
    version INTEGER, version_id VARCHAR, action VARCHAR, rows BIGINT, built_at VARCHAR, skyband_version VARCHAR,
    command VARCHAR
);
CREATE TABLE {catalog}.skyband.properties (key VARCHAR, value VARCHAR);
