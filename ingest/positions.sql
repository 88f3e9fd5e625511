-- Purpose: macros that read angles written as text; made in the session that builds a table.

-- The parts of a sexagesimal angle: sign, whole, mark (h, d, : or a space), minutes, seconds; all '' where it is none.
-- Read: 12 34 56.7, -00:12:34, 12h34m56.7s, +05d12m, 5°12'30", 12 34.5 (decimal minutes).
CREATE OR REPLACE TEMP MACRO sexagesimal_parts(text) AS regexp_extract(
    replace(lower(trim(text)), '−', '-'),
    '^([+-]?) *([0-9]{1,3}) *([hd°: ]) *(?:([0-9]{1,2}(?:\.[0-9]*)?)|([0-9]{1,2}) *[m''′: ] *([0-9]{1,2}(?:\.[0-9]*)?) *(?:s|"|″|'''')?) *[m''′]?$',
    ['sign', 'whole', 'mark', 'only_minutes', 'minutes', 'seconds']
);

-- Whole, minutes and seconds as one number, in units of the whole; NULL where minutes or seconds pass 60.
CREATE OR REPLACE TEMP MACRO sexagesimal_value(parts) AS TRY_CAST(parts.whole AS DOUBLE) + CASE
    WHEN TRY_CAST(parts.only_minutes AS DOUBLE) < 60 THEN TRY_CAST(parts.only_minutes AS DOUBLE) / 60
    WHEN TRY_CAST(parts.minutes AS DOUBLE) < 60 AND TRY_CAST(parts.seconds AS DOUBLE) <= 60
        THEN TRY_CAST(parts.minutes AS DOUBLE) / 60 + TRY_CAST(parts.seconds AS DOUBLE) / 3600
END;

-- Degrees of an angle in text; NULL where nobody can read it.
-- text: the angle; degrees_plain: degrees in one unit of a plain number; degrees_marked: of one with ':' or spaces;
-- degrees_hours: of one with 'h', NULL where there can be none.
CREATE OR REPLACE TEMP MACRO text_degrees(text, degrees_plain, degrees_marked, degrees_hours) AS coalesce(
    TRY_CAST(text AS DOUBLE) * degrees_plain,
    sexagesimal_value(sexagesimal_parts(text))
    * CASE sexagesimal_parts(text).mark WHEN 'h' THEN degrees_hours WHEN 'd' THEN 1 WHEN '°' THEN 1 ELSE degrees_marked END
    * CASE sexagesimal_parts(text).sign WHEN '-' THEN -1 ELSE 1 END
);

-- Whether two angles in degrees are a direction: -180 to 360 and -90 to 90. NaN and infinity are none.
CREATE OR REPLACE TEMP MACRO is_direction(lon, lat) AS lon BETWEEN -180 AND 360 AND lat BETWEEN -90 AND 90;
