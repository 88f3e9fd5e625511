-- Purpose: the rows of an association.
-- Parameters: {left_id}, {right_id} column names; {own} further columns, each followed by a comma, of the tables in
--   {joins} (by p.left_row and p.right_row); {order} ORDER BY or nothing.
-- Input: piece, a registered relation in the order of the table: pairs of judged.sql and rows alone, with left_id,
--   right_id, is_covered, ra and dec (degrees), healpix_29, place (number of the row).
SELECT
    p.left_id AS {left_id}, p.right_id AS {right_id}, p.sep_arcsec, p.sep_sigma, p.p_value, p.ln_bayes, p.p_match,
    p.p_i, p.p_any, p.left_rank, p.right_rank, p.n_neighbours, p.n_mates,
    p.left_rank = 1 AND p.right_rank = 1 AS is_mutual_best, p.is_ambiguous, p.is_tie, p.is_covered, p.ra, p.dec, {own}
    p.healpix_29
FROM piece p {joins} {order}
