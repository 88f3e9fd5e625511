-- Purpose: the macros ADQL's functions become. Angles in degrees; points are [lon, lat], circles [lon, lat, radius],
--   polygons [lon1, lat1, lon2, lat2, ...] with great-circle edges, each polygon the smaller part of the sky that its
--   edges bound. Needs the macros of skyband.schema.

-- Plain functions

-- NULL where there is no number: NaN would count as larger than every number.
CREATE MACRO adql_number(x) AS CASE WHEN NOT isnan(x) THEN x END;
CREATE MACRO adql_log(x) AS CASE WHEN x > 0 THEN ln(x) END;
CREATE MACRO adql_log10(x) AS CASE WHEN x > 0 THEN log10(x) END;

-- RAND(x): 0 to 1, the same for the same x.
CREATE MACRO adql_random(seed) AS (hash(seed) >> 11)::DOUBLE / 9007199254740992;
CREATE MACRO adql_normal_random(mu, sigma) AS mu + sigma * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random());

CREATE MACRO adql_flag(condition) AS (condition)::INTEGER;
CREATE MACRO adql_jd(instant) AS epoch_us(instant::TIMESTAMP) / 86400e6 + 2440587.5e0;
CREATE MACRO adql_mjd(instant) AS epoch_us(instant::TIMESTAMP) / 86400e6 + 40587e0;

CREATE MACRO adql_words(txt) AS list_filter(regexp_split_to_array(lower(txt), '[^\pL\pN]+'), lambda word: word <> '');
CREATE MACRO adql_hasword(haystack, needle) AS list_has_all(adql_words(haystack), adql_words(needle))::INTEGER;
CREATE MACRO adql_hashlist_has(hashlist, item) AS list_contains(string_split(lower(hashlist), '#'), lower(item))::INTEGER;
CREATE MACRO adql_interval_overlaps(l1, h1, l2, h2) AS (l1 <= h1 AND l2 <= h2 AND l1 <= h2 AND l2 <= h1)::INTEGER;

-- Cells of HEALPix: NULL where there is none.
CREATE MACRO adql_order(ord) AS CASE WHEN ord BETWEEN 0 AND 29 THEN ord END::INTEGER;
CREATE MACRO adql_healpix(ord, lon, lat) AS healpix(adql_order(ord), CASE WHEN isfinite(lon) THEN lon END,
    CASE WHEN abs(lat) <= 90 THEN lat END);
CREATE MACRO adql_healpix_center(ord, cell) AS adql_cell_center(adql_order(ord),
    CASE WHEN cell BETWEEN 0 AND 12 * pow(4, adql_order(ord))::BIGINT - 1 THEN cell END);

-- Sexagesimal text: one to three numbers, a sign before the first.
CREATE MACRO adql_sexagesimal(txt) AS CASE
    WHEN regexp_full_match(trim(txt), '[-+]?\s*\d+(\.\d*)?([\s:hdm°''′]+\d+(\.\d*)?){0,2}\s*[smhd"″]*') THEN
        CASE WHEN starts_with(trim(txt), '-') THEN -1e0 ELSE 1e0 END * list_sum(list_transform(
            regexp_extract_all(txt, '\d+(?:\.\d*)?'), lambda part, place: part::DOUBLE / pow(60, place - 1)))
END;

-- Counts below, in equal bins, and above; adql_counts of connection.py puts them into one list.
CREATE MACRO adql_bin(val, lower_edge, upper_edge, bins) AS CASE
    WHEN val IS NULL THEN NULL
    WHEN val < lower_edge THEN 0
    WHEN val >= upper_edge THEN bins + 1
    -- Rounding may lift what lies just below the upper edge onto it.
    ELSE least(floor((val - lower_edge) / (upper_edge - lower_edge) * bins)::INTEGER, bins - 1) + 1
END;
CREATE MACRO adql_histogram(val, lower_edge, upper_edge, bins) AS adql_counts(
    coalesce(map_keys(histogram(adql_bin(val, lower_edge, upper_edge, bins))), []),
    coalesce(map_values(histogram(adql_bin(val, lower_edge, upper_edge, bins))), []), bins);

CREATE MACRO adql_direction(x, y, z) AS CASE WHEN x + y + z IS NOT NULL THEN [
    degrees(atan2(y, x)) + CASE WHEN atan2(y, x) < 0 THEN 360 ELSE 0 END, degrees(atan2(z, sqrt(x * x + y * y)))
]::DOUBLE[2] END;

-- Position after (out_epoch - ref_epoch) Julian years of uniform motion in space: Butkevich & Lindegren 2014, A&A 570,
-- A62, equation 14; proper motions in mas/yr, parallax in mas, radial velocity in km/s (4.74... km/s is 1 au/yr).
CREATE MACRO adql_moved(ra, "dec", east, north, farther) AS adql_direction(
    unit_x(ra, "dec") * farther - sin(radians(ra)) * east - sin(radians("dec")) * cos(radians(ra)) * north,
    unit_y(ra, "dec") * farther + cos(radians(ra)) * east - sin(radians("dec")) * sin(radians(ra)) * north,
    unit_z("dec") * farther + cos(radians("dec")) * north);
CREATE MACRO adql_epoch_prop_pos(ra, "dec", parallax, pmra, pmdec, radial_velocity, ref_epoch, out_epoch) AS adql_moved(
    ra, "dec", radians(coalesce(pmra, 0) / 3.6e6) * (out_epoch - ref_epoch),
    radians(coalesce(pmdec, 0) / 3.6e6) * (out_epoch - ref_epoch),
    1 + radians(coalesce(CASE WHEN parallax > 0 THEN parallax * radial_velocity END, 0) / 4.740470463533348e0 / 3.6e6)
        * (out_epoch - ref_epoch));

-- Shapes

CREATE MACRO adql_point(lon, lat) AS CASE
    WHEN lon IS NULL OR lat IS NULL THEN NULL
    WHEN abs(lat) <= 90 THEN [CASE WHEN lon >= 0 AND lon < 360 THEN lon ELSE fold_ra(lon) END, lat]::DOUBLE[2]
    ELSE adql_direction(unit_x(lon, lat), unit_y(lon, lat), unit_z(lat))
END;
CREATE MACRO adql_circle(lon, lat, radius) AS CASE
    WHEN lon IS NOT NULL AND lat IS NOT NULL AND is_radius(radius)
    THEN [adql_point(lon, lat)[1], adql_point(lon, lat)[2], radius]::DOUBLE[3]
END;
CREATE MACRO adql_polygon(coordinates) AS CASE
    WHEN list_count(coordinates) = len(coordinates) THEN coordinates::DOUBLE[]
END;
-- Corners of a box: see regions.py.
CREATE MACRO adql_corner(lon, lat, u, v) AS adql_direction(
    unit_x(lon, lat) - sin(radians(lon)) * u - sin(radians(lat)) * cos(radians(lon)) * v,
    unit_y(lon, lat) + cos(radians(lon)) * u - sin(radians(lat)) * sin(radians(lon)) * v,
    unit_z(lat) + cos(radians(lat)) * v)::DOUBLE[];
CREATE MACRO adql_box(lon, lat, width, height) AS CASE WHEN width > 0 AND width < 180 AND height > 0 AND height < 180
THEN adql_corner(lon, lat, -tan(radians(width / 2)), -tan(radians(height / 2)))
    || adql_corner(lon, lat, tan(radians(width / 2)), -tan(radians(height / 2)))
    || adql_corner(lon, lat, tan(radians(width / 2)), tan(radians(height / 2)))
    || adql_corner(lon, lat, -tan(radians(width / 2)), tan(radians(height / 2))) END;
-- Shapes from their DALI text.
CREATE MACRO adql_numbers(txt) AS list_transform(
    regexp_split_to_array(trim(txt), '[\s,]+'), lambda part: part::DOUBLE);
CREATE MACRO adql_vertices(txt) AS CASE WHEN len(adql_numbers(txt)) >= 6 AND len(adql_numbers(txt)) % 2 = 0
    THEN adql_numbers(txt) END;

-- Relations of shapes

-- The haversine is exact up to 90 degrees, and cheap.
CREATE MACRO adql_haversine(lon1, lat1, lon2, lat2) AS pow(sin(radians(lat2 - lat1) / 2), 2)
    + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2);
CREATE MACRO adql_distance(lon1, lat1, lon2, lat2) AS CASE
    WHEN adql_haversine(lon1, lat1, lon2, lat2) < 0.5e0
    THEN degrees(2 * asin(sqrt(adql_haversine(lon1, lat1, lon2, lat2))))
    ELSE angdist_arcsec(lon1, lat1, lon2, lat2) / 3600
END;
CREATE MACRO adql_near(lon1, lat1, lon2, lat2, radius) AS
    pow(unit_x(lon1, lat1) - unit_x(lon2, lat2), 2) + pow(unit_y(lon1, lat1) - unit_y(lon2, lat2), 2)
    + pow(unit_z(lat1) - unit_z(lat2), 2) <= pow(chord_limit(radius), 2);
CREATE MACRO adql_circle_in_circle(lon1, lat1, radius1, lon2, lat2, radius2) AS
    is_radius(radius1) AND is_radius(radius2) AND (radius2 * (1 + 1e-9) >= 180 OR adql_distance(lon1, lat1, lon2, lat2) + radius1 <= radius2 * (1 + 1e-9));
CREATE MACRO adql_circles_meet(lon1, lat1, radius1, lon2, lat2, radius2) AS
    is_radius(radius1) AND is_radius(radius2) AND adql_near(lon1, lat1, lon2, lat2, radius1 + radius2);

-- Relations with polygons; adql_in_polygon, adql_edges_angle, adql_polygon_in_polygon and adql_polygons_meet are functions
-- of polygons.py.
CREATE MACRO adql_circle_in_polygon(lon, lat, radius, shape) AS is_radius(radius) AND adql_in_polygon(lon, lat, shape)
    AND adql_edges_angle(lon, lat, shape) >= radius * (1 - 1e-9);
CREATE MACRO adql_circle_meets_polygon(lon, lat, radius, shape) AS is_radius(radius) AND (adql_in_polygon(lon, lat, shape)
    OR adql_edges_angle(lon, lat, shape) <= radius * (1 + 1e-9));
-- Up to a hemisphere, a circle holds what lies between points it holds; a larger one is all but a circle at its antipode.
CREATE MACRO adql_polygon_in_circle(shape, lon, lat, radius) AS CASE WHEN NOT is_radius(radius) THEN false
    WHEN radius <= 90
    THEN list_bool_and(list_transform(
        range(1, len(shape), 2), lambda i: adql_near(shape[i], shape[i + 1], lon, lat, radius)))
    WHEN radius * (1 + 1e-9) >= 180 THEN shape IS NOT NULL
    ELSE NOT adql_in_polygon(lon + 180, -lat, shape)
        AND adql_edges_angle(lon + 180, -lat, shape) >= (180 - radius) * (1 - 1e-9) END;

-- Square degrees; adql_polygon_area and adql_polygon_centroid are functions of polygons.py.
CREATE MACRO adql_point_area(shape) AS CASE WHEN shape IS NOT NULL THEN 0e0 END;
CREATE MACRO adql_circle_area(shape) AS CASE WHEN shape IS NOT NULL
    THEN 4 * pi() * pow(sin(radians(least(shape[3], 180)) / 2), 2) * pow(180 / pi(), 2) END;
