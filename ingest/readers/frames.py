"""The reference frame a file declares."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

FRAMES = ("ICRS", "FK5", "FK4", "GALACTIC", "ECLIPTIC", "SUPERGALACTIC")


class Frame(NamedTuple):
    """A frame with its equinox ("J2000") and the epoch of the positions (Julian year), as far as declared."""

    name: str = "ICRS"
    equinox: str | None = None
    epoch: float | None = None


_SYSTEMS = {
    "eq_fk5": "FK5",
    "eq_fk4": "FK4",
    "fk4-no-e": "FK4",
    "ecl_fk5": "ECLIPTIC",
    "ecl_fk4": "ECLIPTIC",
    "super_galactic": "SUPERGALACTIC",
    "barycentricmeanecliptic": "ECLIPTIC",
    "barycentrictrueecliptic": "ECLIPTIC",
} | {name.lower(): name for name in FRAMES}
_POSITIONS = (
    (("pos.eq.ra", "pos.eq.dec", "pos_eq_ra", "pos_eq_dec"), "ICRS"),
    (("pos.galactic.lon", "pos.galactic.lat", "pos_gal_lon", "pos_gal_lat"), "GALACTIC"),
    (("pos.ecliptic.lon", "pos.ecliptic.lat", "pos_ec_lon", "pos_ec_lat"), "ECLIPTIC"),
)
_BESSELIAN = {"fk4", "eq_fk4", "ecl_fk4", "fk4-no-e"}
_WITHOUT_EQUINOX = {"ICRS", "GALACTIC", "SUPERGALACTIC"}


def frame_of(system: str, equinox: object = None, epoch: object = None) -> Frame | None:
    """The frame of a COOSYS `system`, a RADESYS or an astropy frame name; None for systems that are not of the sky.

    Covers VOTable 1.1-1.5 COOSYS (`eq_FK5`, `ecl_FK4`, ...), the IVOA vocabulary `refframe`, FITS RADESYS
    (WCS Paper II, section 3.1) and astropy's frame names.
    """
    key = system.strip().lower()
    name = _SYSTEMS.get(key)
    if not name:
        return None
    default = "B1950" if key in _BESSELIAN else "J2000"
    text = None if name in _WITHOUT_EQUINOX else _equinox(equinox, default[0]) or default
    return Frame(name, text, julian_year(epoch))


def julian_year(value: object) -> float | None:
    """A year from `2016.0`, "J2016.0", "B1950" or "2016.0"; None for anything else (a date, nothing)."""
    match = re.fullmatch(r"\s*([JB]?)\s*(\d{4}(?:\.\d*)?)\s*", "" if value is None else str(value), re.IGNORECASE)
    if match is None:
        return None
    year = float(match[2])
    if match[1].upper() == "B":
        # Besselian to Julian epoch: Lieske 1979, A&A 73, 282.
        return 2000.0 + (2_415_020.31352 + (year - 1900.0) * 365.242198781 - 2_451_545.0) / 365.25
    return year


def fits_frame(header: Mapping[str, Any]) -> Frame:
    """The frame of a FITS header: RADESYS (or RADECSYS) decides, EQUINOX alone only where it means FK4."""
    equinox = header.get("EQUINOX")
    system = header.get("RADESYS") or header.get("RADECSYS")
    if system:
        return frame_of(str(system), equinox) or Frame()
    old = isinstance(equinox, int | float) and math.isfinite(equinox) and equinox < 1984.0
    return frame_of("FK4", equinox) or Frame() if old else Frame()


def column_frame(ucds: list[str]) -> Frame | None:
    """The frame UCDs imply (UCD1+ or the older UCD1): equatorial before galactic before ecliptic; None without any."""
    for words, name in _POSITIONS:
        if any(ucd.strip().lower().startswith(words) for ucd in ucds):
            return Frame(name, "J2000" if name == "ECLIPTIC" else None)
    return None


def _equinox(value: object, letter: str) -> str | None:
    """An equinox as "J2000" or "B1950"; `letter` is that of a bare year."""
    text = "" if value is None else str(value).strip().upper()
    match = re.fullmatch(r"([JB]?)(\d{4}(?:\.\d*?[1-9])?)(?:\.?0*)", text)
    return (match[1] or letter) + match[2] if match else None
