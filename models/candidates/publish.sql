-- Purpose: candidates as a table.
-- Parameters: {rows} relation of candidates.
CREATE TABLE new.main.data AS
SELECT kind || ' ' || id AS candidate, *, healpix(29, ra, dec) AS healpix_29
FROM {rows}
ORDER BY healpix_29, candidate
