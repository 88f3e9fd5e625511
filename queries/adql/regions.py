"""Regions written as text (STC-S, DALI), boxes, and the rotations between frames."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from skyband.queries.adql.errors import Fault

FRAMES = {
    "ICRS": "icrs",
    "FK5": "fk5",
    "GALACTIC": "galactic",
    "SUPERGALACTIC": "supergalactic",
    "ECLIPTIC": "barycentricmeanecliptic",
}
"""Frames of ivo_geom_transform, with astropy's name of each (FK5 and the ecliptic: equinox J2000)."""

_FRAME_WORDS = {"ICRS", "FK5", "J2000", "UNKNOWNFRAME"}
_FLAVOURS = {"SPHERICAL2", "CART2", "GEOCENTER", "BARYCENTER", "HELIOCENTER", "TOPOCENTER", "UNKNOWNREFPOS"}
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_UNION = re.compile(r"\s*union\b(?P<frame>[^()]*)\((?P<members>.*)\)\s*", re.IGNORECASE | re.DOTALL)
_COUNTS = {"POSITION": 2, "POINT": 2, "CIRCLE": 3, "BOX": 4}


@dataclass(frozen=True, slots=True)
class Region:
    """A shape: its numbers are degrees, as DALI orders them."""

    kind: Literal["point", "circle", "polygon"]
    numbers: tuple[float, ...]


def read_region(text: str, at: int = 0) -> Region:
    """A shape from STC-S ("Circle ICRS 10 20 1") or DALI ("circle 10 20 1", "10 20 1") text.

    Args:
        text: Position, Point, Circle, Box or Polygon with its numbers in degrees; bare numbers are a point, a circle
            or a polygon by their count.
        at: place in the query, for the error.

    Raises:
        Fault: it is something else.
    """
    words = text.replace(",", " ").split()
    name = words.pop(0).upper() if words and not _is_number(words[0]) else ""
    while words and not _is_number(words[0]):
        word = words.pop(0).upper()
        if word not in _FRAME_WORDS | _FLAVOURS:
            raise _fault(text, at, f"{word} is not a frame of this service: regions are ICRS")
    if not all(_is_number(word) for word in words):
        raise _fault(text, at, "after its name come numbers only")
    numbers = tuple(float(word) for word in words)
    name = name or {2: "POINT", 3: "CIRCLE"}.get(len(numbers), "POLYGON")
    if name not in (*_COUNTS, "POLYGON"):
        raise _fault(text, at, f"{name} is none of Position, Circle, Box, Polygon")
    if name == "POLYGON" and (len(numbers) < 6 or len(numbers) % 2):
        raise _fault(text, at, "a polygon has three pairs of numbers or more")
    if name != "POLYGON" and len(numbers) != _COUNTS[name]:
        raise _fault(text, at, f"{name} takes {_COUNTS[name]} numbers, not {len(numbers)}")
    if not all(math.isfinite(number) for number in numbers):
        raise _fault(text, at, "its numbers must be finite")
    if name == "BOX":
        return Region("polygon", tuple(box_vertices(*numbers)))
    if name == "CIRCLE" and numbers[2] < 0:
        raise _fault(text, at, "a radius cannot be negative")
    kind: Literal["point", "circle", "polygon"] = "point"
    kind = "circle" if name == "CIRCLE" else "polygon" if name == "POLYGON" else kind
    return Region(kind, numbers)


def union_members(text: str, at: int = 0) -> tuple[Region, ...]:
    """The shapes of an STC-S union, "Union ICRS (Circle 10 20 1 Box 40 20 2 2)"; none where the text is no union.

    Args:
        text: as for `read_region`.
        at: place in the query, for the error.

    Raises:
        Fault: it is a union of something else than shapes.
    """
    found = _UNION.fullmatch(text)
    if found is None:
        return ()
    unknown = set(found["frame"].upper().split()) - _FRAME_WORDS - _FLAVOURS
    if unknown:
        raise _fault(text, at, f"{min(unknown)} is not a frame of this service: regions are ICRS")
    members = re.findall(r"[A-Za-z]\w*[^A-Za-z]*(?:[eE][-+]?[0-9][^A-Za-z]*)*", found["members"])
    if not members or "".join(members).split() != found["members"].split() or re.search("[()]", found["members"]):
        raise _fault(text, at, "a union holds Position, Circle, Box and Polygon, one after the other")
    return tuple(read_region(member, at) for member in members)


def _is_number(word: str) -> bool:
    return _NUMBER.fullmatch(word) is not None


def _fault(text: str, at: int, reason: str) -> Fault:
    return Fault(f"REGION cannot read {text[:60]!r}: {reason}", at, "write for instance 'CIRCLE ICRS 10 20 0.5'")


def unit_vector(lon: float, lat: float) -> tuple[float, float, float]:
    """Unit vector of a direction in degrees."""
    lon, lat = math.radians(lon), math.radians(lat)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def direction(vector: Sequence[float]) -> tuple[float, float]:
    """Longitude (0 to 360) and latitude, degrees, of a vector of any length."""
    x, y, z = vector
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))


def box_vertices(lon: float, lat: float, width: float, height: float) -> list[float]:
    """Corners of a BOX: longitudes and latitudes in turn, degrees.

    As STC has it (ADQL 2.1, section 4.2.9): the centre has a cross whose arms reach half the sizes along the axes, and
    great circles through the ends of the arms, at right angles to them, are the sides. In the tangent plane at the
    centre that is a rectangle with half-sides tan(width / 2) and tan(height / 2).
    """
    a, d = math.radians(lon), math.radians(lat)
    centre = unit_vector(lon, lat)
    east = (-math.sin(a), math.cos(a), 0.0)
    north = (-math.sin(d) * math.cos(a), -math.sin(d) * math.sin(a), math.cos(d))
    across, up = math.tan(math.radians(width) / 2), math.tan(math.radians(height) / 2)
    corners = ((-across, -up), (across, -up), (across, up), (-across, up))
    vectors = ([c + u * e + v * n for c, e, n in zip(centre, east, north, strict=True)] for u, v in corners)
    return [angle for vector in vectors for angle in direction(vector)]


@cache
def rotation(source: str, target: str) -> tuple[tuple[float, float, float], ...]:
    """The rows of the matrix that turns unit vectors of one frame into those of another.

    Args:
        source, target: keys of `FRAMES`.
    """
    import numpy as np
    from astropy.coordinates import CartesianRepresentation, SkyCoord, UnitSphericalRepresentation

    axes = CartesianRepresentation(np.eye(3)).represent_as(UnitSphericalRepresentation)
    turned = SkyCoord(axes, frame=FRAMES[source]).transform_to(FRAMES[target]).cartesian.xyz.value
    rows = turned.tolist()
    return tuple((row[0], row[1], row[2]) for row in rows)
