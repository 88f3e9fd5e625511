-- Purpose: groups with one table more: each with none of its rows, and with each candidate of its leading row.
-- Parameters: {groups} relation of lead.sql, or of this; {partners} relation of partner.sql; {row} name of the new
--   column, the row of the table; {sep} that of its separations; {share} of leading rows that have a counterpart in the
--   table; {ln_seen}, {ln_unseen} logarithms of the shares of any objects that it has and has not.
SELECT g.*, NULL::BIGINT AS {row}, NULL::DOUBLE AS {sep} FROM {groups} g
UNION ALL
SELECT
    g.* REPLACE (
        g.iaa + p.iaa AS iaa, g.idd + p.idd AS idd, g.iad + p.iad AS iad,
        g.ba + p.iaa * p.d_ra + p.iad * p.d_dec AS ba, g.bd + p.iad * p.d_ra + p.idd * p.d_dec AS bd,
        g.q + p.iaa * p.d_ra * p.d_ra + 2 * p.iad * p.d_ra * p.d_dec + p.idd * p.d_dec * p.d_dec AS q,
        g.ln_sharp + p.ln_sharp AS ln_sharp, g.ln_rare + p.ln_rare AS ln_rare,
        g.ln_share + ln({share} / (1 - {share} * p.within)) AS ln_share,
        g.ln_seen + {ln_seen} AS ln_seen, g.ln_unseen + {ln_unseen} AS ln_unseen,
        least(g.ln_first, -p.ln_rare - {ln_seen}) AS ln_first, g.members + 1 AS members
    ),
    p.right_row, p.sep_arcsec
FROM {groups} g JOIN {partners} p ON p.left_row = g.left_row
