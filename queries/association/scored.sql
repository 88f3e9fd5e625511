-- Purpose: the weight of each group: of all its members being one object with the leading row (Budavari & Szalay 2008,
--   eq. 18, for normal errors of any shape), and of the members without the leading row being one other object, both
--   against all of them being chance sources that no other table sees.
-- Parameters: {groups} relation of grown.sql; {ln_unseen} logarithm of the share of objects that no table but the
--   leading one has.
-- Output: the columns of {groups}; ln_bayes (natural logarithm of the Bayes factor against all members being separate),
--   ln_odds (with the leading row), ln_other (without it; two members or more).
SELECT
    * EXCLUDE (ln_near, ln_apart),
    -- A Bayes factor is taken over the whole sphere: (n - 1) densities of 1 / (4 pi) steradian.
    ln_near + members * (ln(4 * pi()) + 2 * ln(648000 / pi())) AS ln_bayes,
    ln_near + ln_rare + ln_share + ln_unseen - members * {ln_unseen} AS ln_odds,
    CASE WHEN members > 1
        THEN ln_apart + ln_rare + ln_first + ln_seen - (members - 1) * {ln_unseen} END AS ln_other
FROM (
    SELECT
        *,
        lead_ln_sharp + ln_sharp - ln(waa * wdd - wad * wad) / 2
            - (q - (ba * ba * wdd - 2 * ba * bd * wad + bd * bd * waa) / (waa * wdd - wad * wad)) / 2
            - members * ln(2 * pi()) AS ln_near,
        CASE WHEN members > 1 THEN ln_sharp - ln(iaa * idd - iad * iad) / 2
            - (q - (ba * ba * idd - 2 * ba * bd * iad + bd * bd * iaa) / (iaa * idd - iad * iad)) / 2
            - (members - 1) * ln(2 * pi()) END AS ln_apart
    FROM (SELECT *, lead_iaa + iaa AS waa, lead_idd + idd AS wdd, lead_iad + iad AS wad FROM {groups})
)
