-- Purpose: positions of images from the rows of a table that have their ids.
-- Parameters: table, keys of the table (id, ra, dec: degrees); named, the table's name; radius_arcsec, how far the position an
--   image has of its own may be from that of the row, NULL for any distance.
CREATE OR REPLACE TEMP TABLE matched AS
SELECT s.id, t.ra::DOUBLE AS ra, t."dec"::DOUBLE AS "dec",
    angdist_arcsec(s.ra, s."dec", t.ra::DOUBLE, t."dec"::DOUBLE) AS sep_arcsec
FROM staged s JOIN {table} t ON t.id::VARCHAR = s.id;

INSERT INTO refused
SELECT s.id, s.source, s.ra, s."dec", 'not where the table has it',
    printf('%.1f arcsec from the row of {named}', m.sep_arcsec)
FROM staged s JOIN matched m USING (id)
WHERE m.sep_arcsec > {radius_arcsec};

DELETE FROM staged WHERE id IN (SELECT id FROM matched WHERE sep_arcsec > {radius_arcsec});

UPDATE staged SET ra = m.ra, "dec" = m."dec" FROM matched m WHERE m.id = staged.id AND staged.ra IS NULL;
