-- Purpose: probabilities of pairs, by what else their left rows could be.
-- Parameters: {pairs} relation of weighed.sql with total (odds of all pairs of the left row), ln_best, ln_second
--   (logarithms of the largest of them and of the next, NULL without), left_rank and n_neighbours; {share} of left rows
--   that have a counterpart.
-- Output: the columns of judged.sql that do not ask for other left rows; ln_odds, ln_best, ln_second.
SELECT
    left_row, right_row, sep_arcsec, sqrt(chi2) AS sep_sigma, exp(-chi2 / 2) AS p_value, ln_bayes, odds, ln_odds,
    {share} * odds / (1 - {share} * within + {share} * total) AS p_match,
    -- Where all odds are too small for a number, the largest is by far the largest.
    CASE WHEN total > 0 THEN odds / total ELSE (left_rank = 1)::INTEGER END AS p_i,
    {share} * total / (1 - {share} * within + {share} * total) AS p_any,
    left_rank, n_neighbours, ln_best, coalesce(ln_second, '-inf'::DOUBLE) AS ln_second
FROM ({pairs})
