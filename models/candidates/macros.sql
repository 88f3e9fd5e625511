-- Purpose: what the SQL of kinds is written with.

-- Chance that a value is beyond a limit, given its error, 1 sigma: the logistic curve that is within 0.01 of the normal
-- integral (Bowling et al. 2009, J. Ind. Eng. Manag. 2, 114). Errors are 0.02 mag at least, so well are colours known,
-- and 0.15 mag where they are unknown.
CREATE OR REPLACE TEMP MACRO chance_above(value, least_value, error) AS CASE
    -- greatest and least pass over NULL.
    WHEN value IS NOT NULL AND least_value IS NOT NULL
        THEN 1 / (1 + exp(greatest(-500, least(500, 1.702 * (least_value - value) / greatest(coalesce(error, 0.15), 0.02)))))
END;

-- Error of a difference of two numbers.
CREATE OR REPLACE TEMP MACRO error_of(one, other) AS sqrt(pow(one, 2) + pow(other, 2));

-- A number with its error, in words of ASCII, as FITS wants; NULL if it is missing.
CREATE OR REPLACE TEMP MACRO said(name, value, error) AS
    name || format(' {:.2f}', value) || coalesce(format(' +- {:.2f}', error), '');
