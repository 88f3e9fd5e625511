-- Purpose: the tables of TAP_SCHEMA (TAP 1.1, section 4), empty. Their columns are described in tap_schema.py.
-- Tables: schemas, tables, columns, keys, key_columns.
CREATE SCHEMA tap_schema;
CREATE TABLE tap_schema.schemas (schema_name VARCHAR, utype VARCHAR, description VARCHAR, schema_index INTEGER);
CREATE TABLE tap_schema.tables (
    schema_name VARCHAR, table_name VARCHAR, table_type VARCHAR, utype VARCHAR, description VARCHAR, table_index INTEGER
);
CREATE TABLE tap_schema.columns (
    table_name VARCHAR, column_name VARCHAR, datatype VARCHAR, arraysize VARCHAR, xtype VARCHAR, size INTEGER,
    description VARCHAR, utype VARCHAR, unit VARCHAR, ucd VARCHAR, indexed INTEGER, principal INTEGER, std INTEGER,
    column_index INTEGER
);
CREATE TABLE tap_schema.keys (
    key_id VARCHAR, from_table VARCHAR, target_table VARCHAR, description VARCHAR, utype VARCHAR
);
CREATE TABLE tap_schema.key_columns (key_id VARCHAR, from_column VARCHAR, target_column VARCHAR);
