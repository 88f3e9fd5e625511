"""Units and UCDs: VOUnits text for every spelling, the factor between two units, the check of a UCD.

The common units are a table here, so that opening a store or reading a simple file need not import astropy.
"""

from __future__ import annotations

import math
import re
import warnings
from functools import lru_cache
from typing import Any

from skyband.schema.errors import BadTable

_SPELLINGS = {
    "": ("-", "--", "---", "1", "none", "null", "unitless", "dimensionless", "n/a"),
    "deg": ("degree", "degrees", "degr", "decimal degrees"),
    "arcmin": ("arcmins", "arcminute", "arcminutes", "amin"),
    "arcsec": ("arcsecs", "arcsecond", "arcseconds", "asec"),
    "mas": ("milliarcsec", "milliarcsecond", "milliarcseconds", "marcsec"),
    "uarcsec": ("uas", "muas", "microarcsec", "microarcsecond", "microarcseconds"),
    "rad": ("radian", "radians"),
    "mag": ("mags", "magnitude", "magnitudes"),
    "d": ("day", "days"),
    "yr": ("year", "years", "jyear", "julian years"),
    "h": ("hr", "hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("sec", "secs", "second", "seconds"),
    "um": ("micron", "microns", "micrometer"),
    "pixel": ("pix", "pixels"),
    "count": ("counts", "ct"),
    "adu": (),
    "K": ("kelvin",),
    "Jy": ("jy", "jansky"),
    "mJy": (),
    "uJy": (),
    "pc": ("parsec", "parsecs"),
    "kpc": (),
    "Mpc": (),
    "km.s**-1": ("km/s", "km.s-1", "km s-1", "km/sec", "kms"),
    "m.s**-1": ("m/s", "m.s-1", "m s-1"),
    "deg.yr**-1": ("deg/yr", "deg.yr-1", "deg yr-1"),
    "arcsec.yr**-1": ("arcsec/yr", "arcsec.yr-1", "arcsec yr-1", "arcsec/year"),
    "mas.yr**-1": ("mas/yr", "mas.yr-1", "mas yr-1", "mas/year"),
    "uarcsec.yr**-1": ("uas/yr", "uas.yr-1", "uas yr-1", "uarcsec/yr"),
    "h:m:s": ("hms", "hh:mm:ss", "h m s"),
    "d:m:s": ("dms", "dd:mm:ss", "d m s"),
}
"""VOUnits text and the words for it, in lower case. The last two are no units: they mark sexagesimal text."""

_WORDS = {word: unit for unit, words in _SPELLINGS.items() for word in words}

SEXAGESIMAL = frozenset({"h:m:s", "d:m:s"})
"""What `to_vounit` returns for text columns that hold sexagesimal angles."""

_MAGNITUDE = re.compile(r"m?mag[\s_(\[]*(?:ab|vega|st)[)\]]?|(?:ab|vega|st)[\s_-]*mag", re.IGNORECASE)
"""Magnitudes that name their system in the unit, which VOUnits cannot: the system belongs into the description."""

_MAS = {"deg": 3_600_000.0, "arcmin": 60_000.0, "arcsec": 1000.0, "mas": 1.0, "uarcsec": 1e-3, "rad": 648e6 / math.pi}
_FACTORS = (
    _MAS,
    {f"{unit}.yr**-1": factor for unit, factor in _MAS.items()},
    {"yr": 365.25, "d": 1.0},
    {"km.s**-1": 1000.0, "m.s**-1": 1.0},
)


@lru_cache(maxsize=1024)
def to_vounit(text: str) -> str:
    """The VOUnits 1.1 spelling of a unit as FITS, CDS, old catalogues and people write it.

    `""` where there is no unit; `"h:m:s"` and `"d:m:s"` for sexagesimal text; the text itself, stripped of quotes,
    where nobody can read it.
    """
    bare = text.strip().strip("'\"").strip()
    lower = bare.lower()
    for spelling in (bare, lower):
        if spelling in _SPELLINGS:
            return spelling
    if lower in _WORDS:
        return _WORDS[lower]
    if _MAGNITUDE.fullmatch(bare):
        return "mmag" if lower.startswith("mm") else "mag"
    unit = _parse(bare)
    # Headers of the nineties are all capitals. Short ones stay as they are: PA may be pascal, MJY milli- or megajansky.
    if unit is None and bare.isupper() and (len(bare) > 3 or not bare.isalnum()):
        unit = _parse(lower)
    return unit or bare


def is_vounit(text: str) -> bool:
    """Whether `text` is VOUnits 1.1 ("" is: no unit)."""
    if text in _SPELLINGS:
        return text not in SEXAGESIMAL
    return _unit(text, "vounit") is not None


@lru_cache(maxsize=1024)
def scale_between(unit_from: str, unit_to: str) -> float:
    """The factor that turns values in `unit_from` into values in `unit_to`; years are Julian (365.25 d).

    Raises:
        BadTable: one is missing or unreadable, or the two do not measure the same thing.
    """
    start, end = to_vounit(unit_from), to_vounit(unit_to)
    if start == end:
        return 1.0
    for factors in _FACTORS:
        if start in factors and end in factors:
            return factors[start] / factors[end]
    source, target = _unit(start, "vounit"), _unit(end, "vounit")
    if start and end and source is not None and target is not None and source.is_equivalent(target):
        return float(source.to(target))
    raise BadTable(f"cannot convert {unit_from!r} to {unit_to!r}: correct the unit of the column")


@lru_cache(maxsize=1024)
def check_ucd(text: str) -> bool:
    """Whether `text` is a UCD1+ of the IVOA's controlled vocabulary ("" is not)."""
    from astropy.io.votable.ucd import check_ucd as check

    return bool(text) and bool(check(text, check_controlled_vocabulary=True))


def _parse(text: str) -> str | None:
    for form in ("vounit", "cds", "fits", "generic"):
        unit = _unit(text, form)
        if unit is None:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return str(unit.to_string("vounit"))
        except (ValueError, TypeError):
            return None
    return None


def _unit(text: str, form: str) -> Any:
    """The astropy unit, or None where `text` is none in that format."""
    from astropy.units import Unit

    try:
        # Deprecated units (erg, Angstrom) are units all the same.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Unit(text, format=form)
    except (ValueError, TypeError):
        return None
