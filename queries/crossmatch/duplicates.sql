-- Purpose: the pair table of a self-match: each pair of rows once, with the group both belong to.
-- Parameters: {left} relation of (row, ra, dec, healpix_29); {left_id}, {right_id} column names; {own} further columns,
--   each followed by a comma, of the tables in {joins}.
-- Input: ranked (both directions of each pair), groups (id, group_id). Output: as pairs.sql, with group_id (the least
--   id of the group) and group_size (rows in it).
SELECT
    s.left_id AS {left_id}, s.right_id AS {right_id}, chord2_arcsec(s.chord2) AS sep_arcsec, s.left_rank, s.right_rank,
    s.n_neighbours, s.n_mates, s.left_rank = 1 AND s.right_rank = 1 AS is_mutual_best, g.group_id, z.group_size,
    l.ra, l.dec, {own} l.healpix_29
FROM ranked s
JOIN {left} l ON l.row = s.left_row
JOIN groups g ON g.id = s.left_id
JOIN (SELECT group_id, count(*)::INTEGER AS group_size FROM groups GROUP BY group_id) z ON z.group_id = g.group_id
{joins}
WHERE s.left_id < s.right_id
ORDER BY l.healpix_29, s.left_id, s.left_rank
