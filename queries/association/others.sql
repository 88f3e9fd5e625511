-- Purpose: for each candidate, how well it and others make an object that is not the leading row's.
-- Parameters: {candidates} relation of (left_row, number, row, id, ln_other): each candidate of each scored group of two
--   or more, by the number of its table, with the group's id.
-- Output: left_row, number, row, label (the same for candidates that are best one object), ln_others (logarithm of the
--   weight of there being such objects, or none, against none).
SELECT left_row, number, row, label, max(ln_others) OVER (PARTITION BY left_row, label) AS ln_others
FROM (
    SELECT left_row, number, row, arg_max(id, ln_other) AS label, ln(1 + sum(exp(ln_other))) AS ln_others
    FROM {candidates}
    GROUP BY left_row, number, row
)
