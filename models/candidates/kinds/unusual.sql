-- Purpose: what is like nothing else. Three signs are put together as independent chances: the rank by an isolation
--   forest to the power 100, so that one row in a hundred has more than 0.37; the disagreement of the models; and 0.5
--   for what is unsafe, 0.1 for an extrapolation.
-- Parameters: {rows} as in __init__.py, with isolation: the rank by an isolation forest, 0 to 1 (most alone).
-- Output: the columns of rows, score = 1 - (1 - alone) (1 - disagreement) (1 - strange), and reasons.
SELECT
    *,
    1 - (1 - alone) * (1 - coalesce(disagreement, 0)) * (1 - strange) AS score,
    concat_ws(
        '; ',
        CASE
            WHEN isolation = 1 THEN 'more alone than all others'
            WHEN alone > 0.1 THEN format('more alone than {:.2f}% of the table', floor(1e4 * isolation) / 100)
        END,
        CASE WHEN disagreement > 0.1 THEN format('models disagree by {:.2f}', disagreement) END,
        CASE WHEN strange > 0.1 THEN 'unlike all that the model learnt from' END,
        format('called {}, p_max {:.2f}', class, p_max)
    ) AS reasons
FROM (
    SELECT
        *, pow(coalesce(isolation, 0), 100) AS alone,
        CASE safety WHEN 'unsafe' THEN 0.5 WHEN 'extrapolation' THEN 0.1 ELSE 0 END AS strange
    FROM {rows}
)
