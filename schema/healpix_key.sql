-- Purpose: rows with their key, the HEALPix index (order 29, NESTED) of their position.
--   The steps and the constants are those of ang2pix in healpix_cxx, which healpy calls, one operation after another, so
--   that every bit is the same. In SQL all threads take them at once; those in a Python function wait for each other.
-- Parameters: {rows}, a relation; {ra}, {dec}, degrees; {placed}, whether a row has a possible position: ra -180 to 360,
--   dec -90 to 90; {key}, name of the key.
-- Output: the columns of rows, and the key, BIGINT, NULL in rows that are not placed.
(
    WITH placed AS NOT MATERIALIZED (
        SELECT *, CASE WHEN {placed} THEN {dec}::DOUBLE END AS "@key_dec",
            {ra}::DOUBLE * 1.7453292519943295e-2 AS "@key_phi"
        FROM {rows}
    ),
    angles AS NOT MATERIALIZED (
        SELECT *, 1.5707963267948966e0 - "@key_dec" * 1.7453292519943295e-2 AS "@key_theta",
            CASE WHEN "@key_phi" < 0 THEN "@key_phi" + 6.283185307179586e0 ELSE "@key_phi" END
            * 6.366197723675814e-1 AS "@key_turn"
        FROM placed
    ),
    -- Quarters of a turn, 0 to 4. A whole turn is none; neither is what is no angle, in rows that are not placed.
    turned AS NOT MATERIALIZED (
        SELECT * REPLACE (
                CASE WHEN "@key_turn" >= 0 AND "@key_turn" < 4 THEN "@key_turn" ELSE 0e0 END AS "@key_turn"
            ), cos("@key_theta") AS "@key_z"
        FROM angles
    ),
    zoned AS NOT MATERIALIZED (
        SELECT *, abs("@key_z") AS "@key_height", abs("@key_z") <= 6.666666666666666e-1 AS "@key_equatorial",
            "@key_turn" - floor("@key_turn") AS "@key_part"
        FROM turned
    ),
    -- How far from the equator, or from the pole, in sides of a pixel. Close to the pole 1 - z has no digits left.
    measured AS NOT MATERIALIZED (
        SELECT *, 536870912e0 * CASE
            WHEN "@key_equatorial" THEN "@key_z" * 0.75e0
            WHEN "@key_height" < 0.99e0 OR ("@key_theta" >= 0.01e0 AND "@key_theta" <= 3.13159e0)
                THEN sqrt(3e0 * (1e0 - "@key_height"))
            ELSE sin("@key_theta") / sqrt((1e0 + "@key_height") / 3e0)
        END AS "@key_away"
        FROM zoned
    ),
    -- The ascending and the descending line of pixel edges the position lies behind.
    lined AS NOT MATERIALIZED (
        SELECT *,
            floor(CASE
                WHEN "@key_equatorial" THEN 536870912e0 * (0.5e0 + "@key_turn") - "@key_away"
                ELSE least("@key_part" * "@key_away", 536870911e0)
            END)::BIGINT AS "@key_up",
            floor(CASE
                WHEN "@key_equatorial" THEN 536870912e0 * (0.5e0 + "@key_turn") + "@key_away"
                ELSE least((1e0 - "@key_part") * "@key_away", 536870911e0)
            END)::BIGINT AS "@key_down"
        FROM measured
    ),
    -- The base pixel, 0 to 11, NULL in rows that are not placed, and the place in it: x + y * 2^32, 29 bits each.
    faced AS NOT MATERIALIZED (
        SELECT *,
            CASE
                WHEN "@key_equatorial" THEN CASE
                    WHEN "@key_up" >> 29 = "@key_down" >> 29 THEN ("@key_up" >> 29) | 4
                    WHEN "@key_up" < "@key_down" THEN "@key_up" >> 29
                    ELSE ("@key_down" >> 29) + 8
                END
                WHEN "@key_z" >= 0 THEN floor("@key_turn")::BIGINT
                WHEN "@key_z" < 0 THEN floor("@key_turn")::BIGINT + 8
            END AS "@key_face",
            CASE
                WHEN "@key_equatorial"
                    THEN ("@key_down" & 536870911) + (536870911 - ("@key_up" & 536870911)) * 4294967296
                WHEN "@key_z" >= 0 THEN (536870911 - "@key_down") + (536870911 - "@key_up") * 4294967296
                ELSE "@key_up" + "@key_down" * 4294967296
            END AS "@key_bits"
        FROM lined
    ),
    -- x and y bit by bit in turn: the inner quarters change places, in the whole, in its halves, in theirs, ...
    woven_16 AS NOT MATERIALIZED (
        SELECT * REPLACE (
            xor("@key_bits", (xor("@key_bits", "@key_bits" >> 16) & '0x00000000FFFF0000'::BIGINT) * 65537) AS "@key_bits"
        ) FROM faced
    ),
    woven_8 AS NOT MATERIALIZED (
        SELECT * REPLACE (
            xor("@key_bits", (xor("@key_bits", "@key_bits" >> 8) & '0x0000FF000000FF00'::BIGINT) * 257) AS "@key_bits"
        ) FROM woven_16
    ),
    woven_4 AS NOT MATERIALIZED (
        SELECT * REPLACE (
            xor("@key_bits", (xor("@key_bits", "@key_bits" >> 4) & '0x00F000F000F000F0'::BIGINT) * 17) AS "@key_bits"
        ) FROM woven_8
    ),
    woven_2 AS NOT MATERIALIZED (
        SELECT * REPLACE (
            xor("@key_bits", (xor("@key_bits", "@key_bits" >> 2) & '0x0C0C0C0C0C0C0C0C'::BIGINT) * 5) AS "@key_bits"
        ) FROM woven_4
    ),
    woven_1 AS NOT MATERIALIZED (
        SELECT * REPLACE (
            xor("@key_bits", (xor("@key_bits", "@key_bits" >> 1) & '0x2222222222222222'::BIGINT) * 3) AS "@key_bits"
        ) FROM woven_2
    )
    SELECT
        * EXCLUDE (
            "@key_dec", "@key_phi", "@key_theta", "@key_turn", "@key_z", "@key_height", "@key_equatorial", "@key_part",
            "@key_away", "@key_up", "@key_down", "@key_face", "@key_bits"
        ),
        "@key_face" * 288230376151711744 + "@key_bits" AS {key}
    FROM woven_1
)
