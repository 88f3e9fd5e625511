-- Purpose: the pair table of a cross-match, matched and unmatched rows, before it is sorted.
-- Parameters: {left}, {right} relations of (id, ra, dec, healpix_29); {has_pairs}, {has_left}, {has_right} true or
--   false: whether pairs, unmatched left rows and unmatched right rows are listed; {left_id}, {right_id} column names.
-- Input: selected. Output: the columns below; ra, dec, degrees, and healpix_29 are the left row's where there is one.
SELECT
    s.left_id AS {left_id}, s.right_id AS {right_id}, chord2_arcsec(chord2) AS sep_arcsec, left_rank, right_rank,
    n_neighbours, n_mates, left_rank = 1 AND right_rank = 1 AS is_mutual_best, l.ra, l.dec, l.healpix_29
FROM selected s JOIN {left} l ON l.id = s.left_id
WHERE {has_pairs}
UNION ALL
SELECT id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ra, dec, healpix_29
FROM {left} ANTI JOIN (SELECT left_id AS id FROM selected) USING (id)
WHERE {has_left}
UNION ALL
SELECT NULL, id, NULL, NULL, NULL, NULL, NULL, NULL, ra, dec, healpix_29
FROM {right} ANTI JOIN (SELECT right_id AS id FROM selected) USING (id)
WHERE {has_right}
