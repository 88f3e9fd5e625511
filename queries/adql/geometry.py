"""The geometry of ADQL, typed: shapes, and what holds between them. Angles in degrees; edges are great circles.

A shape is a `Value` whose `parts` are its coordinates, or a stored list of them (DALI 1.1, section 3.3): `[ra, dec]`,
`[ra, dec, radius]`, `[ra1, dec1, ra2, dec2, ...]`. The SQL of each relation is a macro of `functions.sql`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from skyband.queries.adql.errors import Fault
from skyband.queries.adql.kinds import NUMBERS, SHAPES, Condition, Near, Shape, Value, Within, derived, number
from skyband.queries.adql.regions import Region, box_vertices, read_region

_FRAMES = ("", "ICRS", "FK5", "J2000", "UNKNOWNFRAME", "ICRS GEOCENTER", "ICRS BARYCENTER", "FK5 GEOCENTER")

Arguments = Sequence[Value]


def without_frame(arguments: Arguments, at: int) -> Arguments:
    """The arguments after the coordinate system that ADQL 2.0 puts first.

    Raises:
        Fault: it is one skyband does not have.
    """
    if not arguments or arguments[0].kind not in ("text", "null"):
        return arguments
    literal = arguments[0].sql
    if arguments[0].kind == "text":
        frame = literal[1:-1].strip().upper() if literal.startswith("'") else None
        if frame not in _FRAMES:
            advice = "coordinates are ICRS; ivo_geom_transform('GALACTIC', 'ICRS', point) converts"
            raise Fault(f"{literal[:40]} is not a coordinate system of this service", at, advice)
    return arguments[1:]


def shape(name: str, arguments: Arguments, at: int) -> Value:
    """POINT, CIRCLE, BOX or POLYGON.

    Raises:
        Fault: the arguments do not make one.
    """
    return _CONSTRUCTORS[name](without_frame(arguments, at), at)


def _point(arguments: Arguments, at: int) -> Value:
    if len(arguments) != 2:
        raise Fault(f"POINT takes a longitude and a latitude, not {len(arguments)} arguments", at)
    return point(*_numbers("POINT", arguments, at))


def point(lon: Value, lat: Value) -> Value:
    """A point of two values."""
    return replace(derived(f"adql_point({lon}, {lat})", "point", (lon, lat)), parts=(lon, lat))


def circle(centre: Value, radius: Value) -> Value:
    """A circle of a point and a radius."""
    parts = (centre.lon, centre.lat, radius)
    return replace(derived(f"adql_circle({parts[0]}, {parts[1]}, {radius})", "circle", parts), parts=parts)


def polygon(coordinates: Sequence[Value]) -> Value:
    """A polygon of longitudes and latitudes in turn."""
    listed = ", ".join(value.sql for value in coordinates)
    return replace(derived(f"adql_polygon([{listed}])", "polygon", coordinates), parts=tuple(coordinates))


def _circle(arguments: Arguments, at: int) -> Value:
    centre, rest = _led_by_point(arguments)
    if centre is None or len(rest) != 1:
        raise Fault(f"CIRCLE takes a centre (a point, or two numbers) and a radius, not {len(arguments)} arguments", at)
    (radius,) = _numbers("CIRCLE", rest, at)
    if radius.constant is not None and radius.constant < 0:
        raise Fault(f"the radius of CIRCLE cannot be negative ({radius.constant:g})", at)
    return circle(centre, radius)


def _box(arguments: Arguments, at: int) -> Value:
    centre, rest = _led_by_point(arguments)
    if centre is None or len(rest) != 2:
        raise Fault(f"BOX takes a centre, a width and a height, not {len(arguments)} arguments", at)
    width, height = _numbers("BOX", rest, at)
    sizes = [value.constant for value in (width, height)]
    if any(size is not None and not 0 < size < 180 for size in sizes):
        raise Fault("the sides of BOX must be over 0 and under 180 degrees", at)
    known = [part.constant for part in (centre.lon, centre.lat, width, height)]
    if None not in known:
        return polygon([number(value) for value in box_vertices(*(value or 0.0 for value in known))])
    parts = (centre.lon, centre.lat, width, height)
    return derived(f"adql_box({', '.join(part.sql for part in parts)})", "polygon", parts)


def _led_by_point(arguments: Arguments) -> tuple[Value | None, Arguments]:
    """The centre that is the first argument or the first two, and the rest."""
    if arguments and arguments[0].kind == "point":
        return arguments[0], arguments[1:]
    if len(arguments) < 2 or any(value.kind in SHAPES | {"text"} for value in arguments[:2]):
        return None, arguments
    return point(*arguments[:2]), arguments[2:]


def _polygon(arguments: Arguments, at: int) -> Value:
    if arguments and all(value.kind == "point" for value in arguments):
        check_frames(arguments, at)
        coordinates = [part for value in arguments for part in (value.lon, value.lat)]
    else:
        coordinates = list(_numbers("POLYGON", arguments, at))
    if len(coordinates) < 6 or len(coordinates) % 2:
        raise Fault(f"POLYGON takes three points or more, or as many pairs of numbers, not {len(arguments)}", at)
    return polygon(coordinates)


def _numbers(name: str, arguments: Arguments, at: int) -> Arguments:
    for value in arguments:
        if value.kind not in NUMBERS | {"any", "null"}:
            raise Fault(f"{name} takes numbers here, not a {value.kind}", at)
    return arguments


_CONSTRUCTORS: Mapping[str, Callable[[Arguments, int], Value]] = {
    "POINT": _point,
    "CIRCLE": _circle,
    "BOX": _box,
    "POLYGON": _polygon,
}


def region(text: str, at: int) -> Value:
    """REGION('...'): one shape of STC-S or DALI text, a literal.

    Raises:
        Fault: the text is neither.
    """
    return region_value(read_region(text, at))


def region_value(found: Region) -> Value:
    """A shape that was read, as a value."""
    values = [number(value) for value in found.numbers]
    if found.kind == "point":
        return point(*values)
    if found.kind == "circle":
        return circle(point(*values[:2]), values[2])
    return polygon(values)


def shapes_of(name: str, arguments: Arguments, at: int) -> tuple[Value, Value]:
    """The two shapes of CONTAINS, INTERSECTS or DISTANCE.

    Raises:
        Fault: they are not two shapes.
    """
    if len(arguments) != 2 or any(value.kind not in SHAPES for value in arguments):
        kinds = ", ".join(value.kind for value in arguments) or "none"
        raise Fault(f"{name} takes two shapes, such as POINT(...) and CIRCLE(...); these are {kinds}", at)
    check_frames(arguments, at)
    return arguments[0], arguments[1]


def check_frames(arguments: Arguments, at: int) -> None:
    """Check that shapes which ivo_geom_transform made are in one frame; others are in the frame they are used in.

    Raises:
        Fault: they are not.
    """
    frames = sorted({value.frame for value in arguments} - {""})
    if len(frames) > 1:
        raise Fault(f"these shapes are in different frames: {', '.join(frames)}", at, "bring them to one")


def distance_points(arguments: Arguments, at: int) -> tuple[Value, Value]:
    """The two points of DISTANCE(point, point) or DISTANCE(lon1, lat1, lon2, lat2).

    Raises:
        Fault: the arguments are something else.
    """
    if len(arguments) == 4:
        numbers = _numbers("DISTANCE", arguments, at)
        return point(*numbers[:2]), point(*numbers[2:])
    if len(arguments) == 2 and all(value.kind == "point" for value in arguments):
        check_frames(arguments, at)
        return arguments[0], arguments[1]
    raise Fault("DISTANCE takes two points, or four numbers", at)


def distance(first: Value, second: Value) -> Value:
    """The angle between two points."""
    used = (first.lon, first.lat, second.lon, second.lat)
    return derived(f"adql_distance({', '.join(value.sql for value in used)})", "real", (first, second))


def contains(inner: Value, outer: Value, at: int) -> Condition:
    """Whether `outer` holds all of `inner`, its edge included.

    Raises:
        Fault: `outer` is a point.
    """
    if outer.kind == "point":
        raise Fault("CONTAINS(a, b) asks whether a lies in b: b must be a region, not a point", at, "exchange the two")
    values = (inner, outer)
    if outer.kind == "circle":
        centre, radius = _centre(outer), outer.radius
        if inner.kind == "polygon":
            return Condition(f"adql_polygon_in_circle({inner}, {_listed(outer)})", values=values)
        limits: tuple[Near | Within, ...] = ()
        if radius.constant is not None:
            limits = (Near(_centre(inner), centre, radius.constant),)
        name = "adql_near" if inner.kind == "point" else "adql_circle_in_circle"
        return Condition(f"{name}({_listed(inner)}, {_listed(outer)})", limits, values)
    if inner.kind == "polygon":
        return Condition(f"adql_polygon_in_polygon({inner}, {outer})", values=values)
    name = "adql_in_polygon" if inner.kind == "point" else "adql_circle_in_polygon"
    return Condition(f"{name}({_listed(inner)}, {outer})", _within(_centre(inner), outer, at), values)


def intersects(first: Value, second: Value, at: int) -> Condition:
    """Whether two shapes have a point in common; of a point, whether it lies in the other shape.

    Raises:
        Fault: both are points.
    """
    if first.kind == "point":
        return contains(first, second, at)
    if second.kind == "point":
        return contains(second, first, at)
    values = (first, second)
    if first.kind == second.kind == "circle":
        limits: tuple[Near | Within, ...] = ()
        if first.radius.constant is not None and second.radius.constant is not None:
            limits = (Near(_centre(first), _centre(second), first.radius.constant + second.radius.constant),)
        return Condition(f"adql_circles_meet({_listed(first)}, {_listed(second)})", limits, values)
    if first.kind == second.kind:
        return Condition(f"adql_polygons_meet({first}, {second})", values=values)
    round_one, other = (first, second) if first.kind == "circle" else (second, first)
    return Condition(f"adql_circle_meets_polygon({_listed(round_one)}, {other})", values=values)


def _within(centre: Value, outer: Value, at: int) -> tuple[Within, ...]:
    known = outer.constants
    if known is None:
        return ()
    vertices = tuple(zip(known[::2], known[1::2], strict=True))
    return (Within(centre.lon, centre.lat, (Shape(vertices),)),)


def _centre(value: Value) -> Value:
    return value if value.kind == "point" else point(value.lon, value.lat)


def _listed(value: Value) -> str:
    count = 2 if value.kind == "point" else 3
    return ", ".join(value.part(place).sql for place in range(count))


def measured(name: str, arguments: Arguments, at: int) -> Value:
    """AREA, CENTROID, COORD1, COORD2 and COORDSYS of one shape.

    Raises:
        Fault: the argument is something else.
    """
    if len(arguments) != 1 or arguments[0].kind not in SHAPES:
        raise Fault(f"{name} takes one shape, such as POINT(...) or CIRCLE(...)", at)
    value = arguments[0]
    if name in ("COORD1", "COORD2"):
        if value.kind != "point":
            raise Fault(f"{name} takes a point, not a {value.kind}", at, f"write {name}(CENTROID(...))")
        place = 0 if name == "COORD1" else 1
        return derived(f"{value}[{place + 1}]", "real", (value,), value.part(place).constant)
    if name == "COORDSYS":
        return derived(f"(CASE WHEN {value} IS NOT NULL THEN '{value.frame or 'ICRS'}' END)", "text", (value,))
    if name == "CENTROID":
        if value.kind == "polygon":
            return derived(f"adql_polygon_centroid({value})", "point", (value,))
        return _centre(value)
    area = {"point": "adql_point_area", "circle": "adql_circle_area", "polygon": "adql_polygon_area"}[value.kind]
    return derived(f"{area}({value})", "real", (value,))


def transformed(arguments: Arguments, at: int) -> Value:
    """ivo_geom_transform('FROM', 'TO', shape), by the rotation between the two frames.

    Raises:
        Fault: a frame is unknown, or the third argument is no shape.
    """
    from skyband.queries.adql.regions import FRAMES, rotation

    if len(arguments) != 3 or arguments[2].kind not in SHAPES:
        raise Fault("ivo_geom_transform takes two frames and a shape", at)
    frames = [value.sql[1:-1].upper() if value.sql.startswith("'") else None for value in arguments[:2]]
    for frame in frames:
        if frame not in FRAMES:
            raise Fault(f"the frames of ivo_geom_transform are the texts {', '.join(FRAMES)}", at)
    value = arguments[2]
    if value.frame not in ("", frames[0]):
        raise Fault(f"this shape is in {value.frame}, not in {frames[0]}", at)
    rows = rotation(frames[0] or "", frames[1] or "")
    matrix = "[" + ", ".join(f"{element!r}::DOUBLE" for row in rows for element in row) + "]"
    size = {"point": "[2]", "circle": "[3]", "polygon": "[]"}[value.kind]
    turned = derived(f"(adql_rotated({value}::DOUBLE[], {matrix})::DOUBLE{size})", value.kind, (value,))
    return replace(turned, frame=frames[1] or "")


def limit_of_distance(points: tuple[Value, Value], bound: float) -> tuple[Near, ...]:
    """What DISTANCE(...) being `bound` at most says."""
    return (Near(*points, bound),) if math.isfinite(bound) and bound >= 0 else ()
