-- Purpose: the rows of the pair table.
-- Parameters: {left_id}, {right_id} column names; {own} further columns, each followed by a comma, of the tables in
--   {joins} (of the pairs as p, by left_row and right_row); {order} ORDER BY or nothing.
-- Input: piece, a registered relation in the order of the table: left_row, right_row, left_id, right_id, chord2, the
--   ranks, ra and dec (degrees), healpix_29, place (number of the row).
SELECT
    p.left_id AS {left_id}, p.right_id AS {right_id}, chord2_arcsec(p.chord2) AS sep_arcsec,
    p.left_rank, p.right_rank, p.n_neighbours, p.n_mates, p.left_rank = 1 AND p.right_rank = 1 AS is_mutual_best,
    p.ra, p.dec, {own} p.healpix_29
FROM piece p {joins} {order}
