-- Purpose: candidates of a leading row whose own errors are taken smaller than in their pairs: the covariance of a pair
--   stays as it is, what the leading row gives up goes to the candidate.
-- Parameters: {partners} relation of partner.sql; {given_up} share of the leading row's covariance.
-- Output: that of partner.sql, with iaa, idd, iad and ln_sharp made anew.
SELECT * REPLACE (odd / odet AS iaa, oaa / odet AS idd, -oad / odet AS iad, -ln(odet) / 2 AS ln_sharp)
FROM (
    SELECT *, oaa * odd - oad * oad AS odet
    FROM (
        SELECT
            *, idd / idet + {given_up} * vaa AS oaa, iaa / idet + {given_up} * vdd AS odd,
            -iad / idet + {given_up} * vad AS oad
        FROM (SELECT *, iaa * idd - iad * iad AS idet FROM {partners})
    )
)
