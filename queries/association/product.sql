-- Purpose: the rows of an association, in the order of the key, then of the left row, then of left_rank; a right row
--   alone is the last of its healpix_29.
-- Parameters: {left}, {right} relations of (row, id, ra, dec, healpix_29); {left_id}, {right_id} column names; {pairs},
--   {left_alone}, {right_alone} whether matched pairs and rows in none are listed; {in_left} join of r with the
--   footprint of the left table and {is_in_left} condition on it, {in_right} and {is_in_right} of l with that of the
--   right; {own} further columns, each followed by a comma, of the tables in {joins} (by p.left_row and p.right_row).
-- Input: selected (judged.sql).
SELECT
    p.left_id AS {left_id}, p.right_id AS {right_id}, p.sep_arcsec, p.sep_sigma, p.p_value, p.ln_bayes, p.p_match,
    p.p_i, p.p_any, p.left_rank, p.right_rank, p.n_neighbours, p.n_mates,
    p.left_rank = 1 AND p.right_rank = 1 AS is_mutual_best, p.is_ambiguous, p.is_tie, p.covered AS is_covered,
    p.ra, p.dec, {own} p.healpix_29
FROM (
    SELECT s.*, l.id AS left_id, r.id AS right_id, true AS covered, l.ra, l.dec, l.healpix_29
    FROM selected s JOIN {left} l ON l.row = s.left_row JOIN {right} r ON r.row = s.right_row
    WHERE {pairs}
    UNION ALL BY NAME
    SELECT l.row AS left_row, l.id AS left_id, {is_in_right} AS covered, l.ra, l.dec, l.healpix_29
    FROM {left} l
    ANTI JOIN selected s ON s.left_row = l.row
    {in_right}
    WHERE {left_alone}
    UNION ALL BY NAME
    SELECT r.row AS right_row, r.id AS right_id, {is_in_left} AS covered, r.ra, r.dec, r.healpix_29
    FROM {right} r
    ANTI JOIN selected s ON s.right_row = r.row
    {in_left}
    WHERE {right_alone}
) p
{joins}
ORDER BY p.healpix_29, p.left_row, p.left_rank
