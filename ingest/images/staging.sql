-- Purpose: temporary tables of images that have been looked at.
-- Tables: staged, the good ones, one row an id (place: order in which they came; was_there: whether the collection had
--   the id; was_same: and the same bytes); refused, the others; removed, ids of rows that shall not stay.
CREATE OR REPLACE TEMP TABLE staged (
    place BIGINT, id VARCHAR, ra DOUBLE, "dec" DOUBLE, source VARCHAR, checksum VARCHAR, format VARCHAR, width INTEGER,
    height INTEGER, pixel_scale DOUBLE, jpeg BLOB, was_there BOOLEAN, was_same BOOLEAN
);
CREATE OR REPLACE TEMP TABLE refused (
    id VARCHAR, source VARCHAR, ra DOUBLE, "dec" DOUBLE, reason VARCHAR, detail VARCHAR
);
CREATE OR REPLACE TEMP TABLE removed (id VARCHAR);
