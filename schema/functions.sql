-- Purpose: the scalar macros every open store has. Angles in degrees (ICRS) unless the name says otherwise.

-- Angle between two directions, arcsec. Vincenty's formula: exact at small angles, the poles and the antipodes.
CREATE MACRO angdist_arcsec(ra1, dec1, ra2, dec2) AS degrees(atan2(
    sqrt(
        pow(cos(radians(dec2)) * sin(radians(ra2 - ra1)), 2)
        + pow(
            cos(radians(dec1)) * sin(radians(dec2))
            - sin(radians(dec1)) * cos(radians(dec2)) * cos(radians(ra2 - ra1)), 2
        )
    ),
    sin(radians(dec1)) * sin(radians(dec2)) + cos(radians(dec1)) * cos(radians(dec2)) * cos(radians(ra2 - ra1))
)) * 3600.0;

-- HEALPix index (NESTED) at a coarser order, from the key column.
CREATE MACRO healpix_of(healpix_29, "order") AS healpix_29 >> (2 * (29 - "order"));

-- Unit vector of a direction.
CREATE MACRO unit_x(ra, dec) AS cos(radians(dec)) * cos(radians(ra));
CREATE MACRO unit_y(ra, dec) AS cos(radians(dec)) * sin(radians(ra));
CREATE MACRO unit_z(dec) AS sin(radians(dec));

-- Galactic longitude (0 to 360) and latitude, degrees: the IAU 1958 system (Blaauw et al. 1960) through FK5, as
-- astropy's Galactic frame has it (Reid & Brunthaler 2004, appendix).
CREATE MACRO galactic_lon(ra, dec) AS (degrees(atan2(
    0.4941094371927268::DOUBLE * unit_x(ra, dec) + -0.4448297212232952::DOUBLE * unit_y(ra, dec) + 0.7469821839866676::DOUBLE * unit_z(dec),
    -0.05487565771259163::DOUBLE * unit_x(ra, dec) + -0.8734370519556159::DOUBLE * unit_y(ra, dec) + -0.48383507361671546::DOUBLE * unit_z(dec)
)) + 360.0) % 360.0;
CREATE MACRO galactic_lat(ra, dec) AS CASE
    WHEN ra IS NOT NULL AND dec IS NOT NULL THEN degrees(asin(greatest(-1.0, least(1.0,
        -0.8676661375596576::DOUBLE * unit_x(ra, dec) + -0.19807633727300053::DOUBLE * unit_y(ra, dec) + 0.4559838136873016::DOUBLE * unit_z(dec)
    ))))
END;

-- The parts of a class of Galaxy Zoo 2 ('Er', 'SBc2m(r)'), in the words of its decision tree (Willett et al. 2013,
-- MNRAS 435, 2835, appendix A): a struct of shape (smooth, edge-on disk, spiral, disk or artifact), roundness,
-- bulge_shape (edge-on), bar, bulge, arms, winding, and a list of what is odd. NULL for any other text.
CREATE MACRO gz2_class_parts(class) AS CASE
    WHEN regexp_full_match(class, 'A|(E[ric]|Se[rbn]|SB?[abcd]([1234+?][tml])?)(\([rldiomu]\))*')
        AND len(regexp_extract_all(class, '\([a-z]\)'))
            = len(list_distinct(regexp_extract_all(class, '\([a-z]\)')))
    THEN {
        'shape': CASE
            WHEN class = 'A' THEN 'artifact'
            WHEN class[1] = 'E' THEN 'smooth'
            WHEN class[2] = 'e' THEN 'edge-on disk'
            WHEN regexp_matches(class, '^SB?[abcd][1234+?]') THEN 'spiral'
            ELSE 'disk'
        END,
        'roundness': (['completely round', 'in between', 'cigar-shaped'])[
            strpos('ric', nullif(regexp_extract(class, '^E(.)', 1), ''))],
        'bulge_shape': (['rounded', 'boxy', 'no bulge'])[
            strpos('rbn', nullif(regexp_extract(class, '^Se(.)', 1), ''))],
        'bar': CASE WHEN regexp_matches(class, '^SB?[abcd]') THEN class[2] = 'B' END,
        'bulge': (['dominant', 'obvious', 'just noticeable', 'no bulge'])[
            strpos('abcd', nullif(regexp_extract(class, '^SB?([abcd])', 1), ''))],
        'arms': (['1', '2', '3', '4', 'more than 4', 'cannot tell'])[
            strpos('1234+?', nullif(regexp_extract(class, '^SB?[abcd]([1234+?])', 1), ''))],
        'winding': (['tight', 'medium', 'loose'])[
            strpos('tml', nullif(regexp_extract(class, '^SB?[abcd][1234+?](.)', 1), ''))],
        'odd': list_transform(
            regexp_extract_all(class, '\(([a-z])\)', 1),
            lambda letter: (['ring', 'lens or arc', 'disturbed', 'irregular', 'other', 'merger', 'dust lane'])[
                strpos('rldiomu', letter)]
        )
    }
END;

-- Half-width in right ascension, degrees, of a cone: asin(sin r / cos dec), everything where the cone holds a pole.
CREATE MACRO cone_half_ra(dec0, radius_deg) AS CASE
    WHEN abs(dec0) + radius_deg >= 89.999999 THEN 360.0
    ELSE degrees(asin(least(1.0, sin(radians(radius_deg)) / cos(radians(dec0))))) + 1e-9
END;

-- Whether a number can be a radius: not negative, NaN or NULL. (NaN is greater than all numbers, even infinity.)
CREATE MACRO is_radius(radius) AS coalesce(radius BETWEEN 0 AND 'Infinity'::DOUBLE, false);

-- Chord of an angle, widened by 1 part in 1e9 so that rounding keeps a point exactly on the edge inside; NULL where the
-- angle is no radius.
CREATE MACRO chord_limit(radius_deg) AS CASE WHEN is_radius(radius_deg)
    THEN 2 * sin(radians(least(radius_deg, 180)) / 2) * (1 + 1e-9) + 1e-15
END;

-- Number of the band a coordinate of a unit vector lies in; bands are six chords wide, 7.5e-5 (15 arcsec) at least:
-- narrower ones double more points, wider ones compare more pairs where the sky is crowded.
CREATE MACRO band(coordinate, radius_arcsec)
AS floor(coordinate / greatest(6 * chord_limit(radius_arcsec / 3600.0), 7.5e-5))::INTEGER;

-- Angle of a squared chord on the unit sphere, arcsec.
CREATE MACRO chord2_arcsec(chord2) AS degrees(2 * asin(CASE WHEN chord2 > 4 THEN 1 ELSE sqrt(chord2) / 2 END)) * 3600.0;

-- Right ascension folded into 0 to 360 degrees.
CREATE MACRO fold_ra(ra) AS ((ra % 360) + 360) % 360;

-- The rows of a table within radius_deg of a position, edge included. Bands in dec and ra (which may run
-- from -180 in a table) come first: they let DuckDB skip row groups; the chord decides.
CREATE MACRO cone("table", ra0, dec0, radius_deg) AS TABLE
SELECT * EXCLUDE (__ra, __dec)
FROM query_table('placed.' || "table")
WHERE __dec BETWEEN dec0 - radius_deg - 1e-9 AND dec0 + radius_deg + 1e-9
  AND (
      __ra BETWEEN fold_ra(ra0) - cone_half_ra(dec0, radius_deg) AND fold_ra(ra0) + cone_half_ra(dec0, radius_deg)
      OR __ra >= fold_ra(ra0) - cone_half_ra(dec0, radius_deg) + 360
      OR __ra <= fold_ra(ra0) + cone_half_ra(dec0, radius_deg) - 360
  )
  AND pow(unit_x(__ra, __dec) - unit_x(ra0, dec0), 2) + pow(unit_y(__ra, __dec) - unit_y(ra0, dec0), 2)
    + pow(unit_z(__dec) - unit_z(dec0), 2) <= pow(chord_limit(radius_deg), 2);

-- All pairs of two tables within a radius: left_id, right_id, sep_arcsec.
CREATE MACRO xmatch("left", "right", radius_arcsec) AS TABLE
SELECT left_id, right_id, chord2_arcsec(chord2) AS sep_arcsec
FROM ({band_join});
