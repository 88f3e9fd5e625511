-- Purpose: what a column that a sample took for integers or dates holds in all rows; an item of a SELECT for each.
-- Parts: {value}: the column, as text; {good}: whether a value is of that type; {finer}: the type of more values of the
--   kind (DOUBLE, TIMESTAMP); {integers}: the integers among the values, NULL for others.
-- Output: a struct: is_finer, whether some values are of the finer type only; is_other, whether some are of none of the
--   two, comments aside; is_long, whether some are integers that DOUBLE rounds; low, high, of the integers.
{
    'is_finer': bool_or(({good}) IS NOT TRUE AND {integers} IS NULL AND TRY_CAST({value} AS {finer}) IS NOT NULL),
    'is_other': bool_or(({good}) IS NOT TRUE AND TRY_CAST({value} AS {finer}) IS NULL AND NOT starts_with({value}, '#')),
    'is_long': bool_or(TRY_CAST(TRY_CAST({value} AS DOUBLE) AS HUGEINT) <> {integers}),
    'low': min({integers}),
    'high': max({integers})
}
