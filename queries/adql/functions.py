"""The functions of ADQL that take and give plain values, and the user-defined functions skyband declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skyband.queries.adql.kinds import Kind

MAX_BINS = 10_000
"""Bins of a histogram."""


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function."""

    parameters: tuple[str, ...]  # of: number, integer, text, timestamp, value, point, shape
    returns: Kind | str  # "same": the kind of the first argument
    sql: str  # closed; a format: {0} is the first argument, {1.lon} the longitude of the second


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A user-defined function as TAPRegExt declares it."""

    name: str
    signature: str  # name(argument TYPE, ...) -> TYPE
    description: str


def _number(*templates: str, returns: str = "real") -> tuple[Overload, ...]:
    return tuple(Overload(("number",) * _arity(text), returns, text) for text in templates)


def _arity(template: str) -> int:
    return sum(f"{{{place}}}" in template for place in range(4))


FUNCTIONS: Mapping[str, tuple[Overload, ...]] = {
    "ABS": _number("abs({0})", returns="same"),
    "ACOS": _number("adql_number(acos({0}))"),
    "ASIN": _number("adql_number(asin({0}))"),
    "ATAN": _number("atan({0})"),
    "ATAN2": _number("atan2({0}, {1})"),
    "CEILING": _number("ceil({0})"),
    "COS": _number("adql_number(cos({0}))"),
    "COT": _number("(1 / nullif(adql_number(tan({0})), 0))"),
    "DEGREES": _number("degrees({0})"),
    "EXP": _number("exp({0})"),
    "FLOOR": _number("floor({0})"),
    "LOG": _number("adql_log({0})"),
    "LOG10": _number("adql_log10({0})"),
    "MOD": (
        Overload(("integer", "integer"), "integer", "({0} % nullif({1}, 0))"),
        Overload(("number", "number"), "real", "adql_number({0} % nullif({1}, 0))"),
    ),
    "PI": _number("pi()"),
    "POWER": _number("adql_number(pow({0}, {1}))"),
    "RADIANS": _number("radians({0})"),
    "RAND": _number("random()", "adql_random({0})"),
    "ROUND": (
        *_number("round({0}::DOUBLE)"),
        Overload(("number", "integer"), "real", "round({0}::DOUBLE, {1}::INTEGER)"),
    ),
    "SIN": _number("adql_number(sin({0}))"),
    "SQRT": _number("adql_number(sqrt({0}))"),
    "TAN": _number("adql_number(tan({0}))"),
    "TRUNCATE": (
        *_number("trunc({0}::DOUBLE)"),
        Overload(("number", "integer"), "real", "trunc({0}::DOUBLE, {1}::INTEGER)"),
    ),
    "UPPER": (Overload(("text",), "text", "upper({0})"),),
    "LOWER": (Overload(("text",), "text", "lower({0})"),),
    "IVO_HEALPIX_INDEX": (
        Overload(("integer", "number", "number"), "integer", "adql_healpix({0}, {1}, {2})"),
        Overload(("integer", "point"), "integer", "adql_healpix({0}, {1.lon}, {1.lat})"),
    ),
    "IVO_HEALPIX_CENTER": (Overload(("integer", "integer"), "point", "adql_healpix_center({0}, {1})"),),
    "IVO_EPOCH_PROP_POS": (
        Overload(("number",) * 8, "point", "adql_epoch_prop_pos({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7})"),
        Overload(("number",) * 6, "point", "adql_epoch_prop_pos({0}, {1}, 0, {2}, {3}, 0, {4}, {5})"),
    ),
    "IVO_HASWORD": (Overload(("text", "text"), "integer", "adql_hasword({0}, {1})"),),
    "IVO_HASHLIST_HAS": (Overload(("text", "text"), "integer", "adql_hashlist_has({0}, {1})"),),
    "IVO_NOCASEMATCH": (Overload(("text", "text"), "integer", "adql_flag({0} ILIKE {1})"),),
    "IVO_TO_JD": (Overload(("timestamp",), "real", "adql_jd({0})"),),
    "IVO_TO_MJD": (Overload(("timestamp",), "real", "adql_mjd({0})"),),
    "IVO_NORMAL_RANDOM": _number("adql_normal_random({0}, {1})"),
    "IVO_INTERVAL_OVERLAPS": _number("adql_interval_overlaps({0}, {1}, {2}, {3})", returns="integer"),
    "IVO_HMS_TO_DEGREES": (Overload(("text",), "real", "(adql_sexagesimal({0}) * 15)"),),
    "IVO_DMS_TO_DEGREES": (Overload(("text",), "real", "adql_sexagesimal({0})"),),
}
"""Functions by name; geometry and what needs more than a pattern are in `geometry` and `expressions`."""

AGGREGATE_FUNCTIONS: Mapping[str, tuple[Overload, ...]] = {
    "IVO_STRING_AGG": (Overload(("text", "text"), "text", "string_agg({0}, {1})"),),
    "IVO_HISTOGRAM": (
        Overload(("number", "number", "number", "integer"), "any", "adql_histogram({0}, {1}, {2}, {3})"),
    ),
}

USER_FUNCTIONS = (
    UserFunction(
        "ivo_healpix_index",
        "ivo_healpix_index(hpxOrder INTEGER, long DOUBLE, lat DOUBLE) -> BIGINT",
        "Index, in the NESTED scheme, of the HEALPix cell that holds a position in degrees.",
    ),
    UserFunction(
        "ivo_healpix_index",
        "ivo_healpix_index(hpxOrder INTEGER, p POINT) -> BIGINT",
        "Index, in the NESTED scheme, of the HEALPix cell that holds a point.",
    ),
    UserFunction(
        "ivo_healpix_center",
        "ivo_healpix_center(hpxOrder INTEGER, hpxIndex BIGINT) -> POINT",
        "Centre of a HEALPix cell in the NESTED scheme.",
    ),
    UserFunction(
        "ivo_epoch_prop_pos",
        "ivo_epoch_prop_pos(ra DOUBLE, dec DOUBLE, parallax DOUBLE, pmra DOUBLE, pmdec DOUBLE, radial_velocity DOUBLE, "
        "ref_epoch DOUBLE, out_epoch DOUBLE) -> POINT",
        "Position (degrees) at another epoch (Julian years) by uniform space motion; parallax in mas, proper motion in "
        "mas/yr (pmra includes cos(dec)), radial velocity in km/s. Missing motion counts as none.",
    ),
    UserFunction(
        "ivo_epoch_prop_pos",
        "ivo_epoch_prop_pos(ra DOUBLE, dec DOUBLE, pmra DOUBLE, pmdec DOUBLE, ref_epoch DOUBLE, out_epoch DOUBLE) "
        "-> POINT",
        "Position at another epoch where neither parallax nor radial velocity is known.",
    ),
    UserFunction(
        "ivo_hasword",
        "ivo_hasword(haystack VARCHAR, needle VARCHAR) -> INTEGER",
        "1 if every word of needle is a word of haystack, whatever the case; 0 if not. Words are not stemmed.",
    ),
    UserFunction(
        "ivo_hashlist_has",
        "ivo_hashlist_has(hashlist VARCHAR, item VARCHAR) -> INTEGER",
        "1 if item is one of the words of hashlist, which are separated by #, whatever the case; 0 if not.",
    ),
    UserFunction(
        "ivo_nocasematch",
        "ivo_nocasematch(value VARCHAR, pattern VARCHAR) -> INTEGER",
        "1 if value is like pattern (as of LIKE), whatever the case; 0 if not.",
    ),
    UserFunction(
        "ivo_string_agg",
        "ivo_string_agg(expression VARCHAR, delimiter VARCHAR) -> VARCHAR",
        "Aggregate: all values, without NULLs, joined by a delimiter.",
    ),
    UserFunction(
        "ivo_histogram",
        "ivo_histogram(val DOUBLE, lower DOUBLE, upper DOUBLE, nbins INTEGER) -> INTEGER[]",
        f"Aggregate: counts of val below lower, in nbins bins of equal width, and at or above upper. nbins is "
        f"a number of 1 to {MAX_BINS:,}.",
    ),
    UserFunction("ivo_to_jd", "ivo_to_jd(d TIMESTAMP) -> DOUBLE", "Julian date of a timestamp."),
    UserFunction("ivo_to_mjd", "ivo_to_mjd(d TIMESTAMP) -> DOUBLE", "Modified Julian date of a timestamp."),
    UserFunction(
        "ivo_geom_transform",
        "ivo_geom_transform(from_sys VARCHAR, to_sys VARCHAR, geo GEOMETRY) -> GEOMETRY",
        "A point, circle or polygon in another frame. Frames are texts: ICRS, FK5, GALACTIC, SUPERGALACTIC, ECLIPTIC.",
    ),
    UserFunction(
        "ivo_normal_random",
        "ivo_normal_random(mu DOUBLE, sigma DOUBLE) -> DOUBLE",
        "A random number of a normal distribution of mean mu and standard deviation sigma.",
    ),
    UserFunction(
        "ivo_interval_overlaps",
        "ivo_interval_overlaps(l1 DOUBLE, h1 DOUBLE, l2 DOUBLE, h2 DOUBLE) -> INTEGER",
        "1 if the intervals l1 to h1 and l2 to h2 have a point in common, 0 if not.",
    ),
    UserFunction(
        "ivo_hms_to_degrees",
        "ivo_hms_to_degrees(hms VARCHAR) -> DOUBLE",
        "Degrees of a sexagesimal right ascension: hours, minutes, seconds separated by : or blanks.",
    ),
    UserFunction(
        "ivo_dms_to_degrees",
        "ivo_dms_to_degrees(dms VARCHAR) -> DOUBLE",
        "Degrees of a sexagesimal angle: degrees, minutes, seconds separated by : or blanks.",
    ),
)
"""What `capabilities` declares under `features-udf`, one entry a signature."""
