-- Purpose: what volunteers said of each galaxy, a row a galaxy, feature and kind of share.
-- Parameters: {rows} relation with the columns of a table of votes; {keys} columns of it to keep; {reached} select list
--   of the shares of volunteers that reach each task; {asked} structs of feature, kind, votes and share; {least_votes}
--   on the question, below which a galaxy does not count.
-- Output: {keys}, feature, kind ("conditional": among those who were asked; "joint": among all), votes on the question,
--   share (0 to 1) of them.
WITH reached AS (SELECT *, {reached} FROM {rows}),
asked AS (SELECT {keys}, unnest([{asked}], recursive := true) FROM reached)
SELECT * FROM asked WHERE votes >= {least_votes}
