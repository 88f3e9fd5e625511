-- Purpose: the class of a class string of Galaxy Zoo 2, an expression.
-- Parameters: {string} the column.
CASE WHEN gz2_class_parts({string}).bar THEN 'barred ' ELSE '' END || gz2_class_parts({string}).shape
