-- Purpose: the pairs of the leading table and one other that groups hold.
-- Parameters: {groups} table of groups; {lead}, {other} columns of ids; {sep} of the separation.
-- Output: the ids, sep_arcsec, p_match (that the pair is in the right group: of all groups it is in), ra, dec (degrees)
--   and healpix_29 of the leading row.
SELECT {lead}, {other}, any_value({sep}) AS sep_arcsec, sum(p_match) AS p_match, any_value(ra) AS ra,
    any_value(dec) AS dec, any_value(healpix_29) AS healpix_29
FROM {groups}
WHERE {lead} IS NOT NULL AND {other} IS NOT NULL
GROUP BY {lead}, {other}
