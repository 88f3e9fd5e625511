-- Purpose: the rows a model is least sure of.
-- Parameters: {rows} relation of (id, chances: list of the probabilities of all classes, disagreement), with anything
--   else; {most} LIMIT clause.
-- Output: the columns of rows, and usefulness = (1 - (p1 - p2) + disagreement) / 2, with p1 and p2 the two largest
--   probabilities (margin sampling, Scheffer et al. 2001, LNCS 2189, 309, and query by committee, Seung et al. 1992,
--   COLT, 287): 0 where the models are sure and of one mind, to 1.
SELECT *, (1 - (sorted[1] - sorted[2]) + coalesce(disagreement, 0)) / 2 AS usefulness
FROM (SELECT *, list_reverse_sort(chances) AS sorted FROM {rows})
ORDER BY usefulness DESC, id
{most}
