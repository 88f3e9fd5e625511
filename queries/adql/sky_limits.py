"""Speed: what a condition says about the sky becomes ranges of `healpix_29`, or a band join."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from skyband.queries.adql.kinds import Near, Shape, Value, Within
from skyband.queries.adql.regions import direction, unit_vector
from skyband.queries.adql.relations import Relation
from skyband.schema.columns import HEALPIX_COLUMN
from skyband.schema.names import quote

MAX_BAND_RADIUS_DEG = 5.0
"""Wider joins compare so many pairs that bands save nothing."""

_NEAR_ROWS = 1000
"""Rows between two ranges of the key that are sooner read than skipped."""


def narrow(limits: Iterable[Within | Near], relations: Collection[Relation]) -> None:
    """Let the stored tables among, or inside, `relations` be searched by ranges where the limits are constant."""
    for limit in limits:
        region = region_of(limit)
        if region is None:
            continue
        lon, lat = region.lon.field, region.lat.field
        if lon is None or lat is None or lon.relation is not lat.relation or lon.relation not in relations:
            continue
        places = {relation for relation, role in lon.origins if role == "ra"}
        for relation in places & {relation for relation, role in lat.origins if role == "dec"}:
            _limit(relation, region.shapes)


def region_of(limit: Within | Near) -> Within | None:
    """The constant region a limit keeps a point in, if it is that."""
    if isinstance(limit, Within):
        return limit
    for one, other in ((limit.first, limit.second), (limit.second, limit.first)):
        centre = one.constants
        if centre is not None and other.constants is None:
            return Within(other.lon, other.lat, (Shape((centre[:2],), limit.radius_deg),))  # type: ignore[arg-type]
    return None


def united(branches: Iterable[Iterable[Within | Near]]) -> tuple[Within, ...]:
    """What alternatives, of which one holds, say together: each must keep the same point in some region."""
    regions = [[region for limit in branch if (region := region_of(limit))] for branch in branches]
    found = []
    for first in regions[0]:
        same = [[r for r in other if (r.lon.sql, r.lat.sql) == (first.lon.sql, first.lat.sql)] for other in regions[1:]]
        if all(same):
            shapes = first.shapes + tuple(shape for branch in same for shape in branch[0].shapes)
            found.append(Within(first.lon, first.lat, shapes))
    return tuple(found)


def _limit(relation: Relation, shapes: tuple[Shape, ...]) -> None:
    """Let the key of a stored table be near one of the shapes."""
    from skyband.schema.healpix import KEY_ORDER, fewer_ranges, ranges_of_cone, ranges_of_polygon

    covers = [
        ranges_of_polygon(shape.vertices)
        if shape.radius_deg is None
        else ranges_of_cone(*direction(unit_vector(*shape.vertices[0])), shape.radius_deg)
        for shape in shapes
    ]
    if relation.rows is not None:
        covers = [fewer_ranges(cover, relation.rows, near_rows=_NEAR_ROWS) for cover in covers]
    spans = sorted({span for cover in covers for span in cover})
    if relation.rows is not None:
        share = sum(last - first + 1 for first, last in spans) / (12 << 2 * KEY_ORDER)
        relation.expected_rows = min(relation.expected_rows, share * relation.rows)
    key = f"{quote(relation.alias)}.{quote(HEALPIX_COLUMN)}"
    relation.filters.append("(" + " OR ".join(f"{key} BETWEEN {first} AND {last}" for first, last in spans) + ")")


class Bands:
    """Makes band joins of limits between two relations; numbers their columns."""

    def __init__(self) -> None:
        self._count = 0

    def join(
        self, limits: Iterable[Within | Near], single: Collection[Relation], doubled: Collection[Relation]
    ) -> list[str]:
        """Conditions that make a band join of each limit between two tables; the tables get the columns they need.

        Args:
            limits: what the condition of the join says.
            single: relations that may take part.
            doubled: those among which rows may be listed more than once, because the condition holds for one copy.
        """
        conditions = []
        for limit in limits:
            if not isinstance(limit, Near) or not limit.radius_deg <= MAX_BAND_RADIUS_DEG:
                continue
            first, second = (_only_relation(value) for value in (limit.first, limit.second))
            if first is None or second is None or first is second or not {first, second} <= set(single):
                continue
            if second in doubled:
                conditions += self._joined(limit.first, first, limit.second, second, limit.radius_deg)
            elif first in doubled:
                conditions += self._joined(limit.second, second, limit.first, first, limit.radius_deg)
        return conditions

    def _number(self, *relations: Relation) -> None:
        """A number that no column of the relations ends with, so that none hides what the bands add."""
        names = [item.name for relation in relations for item in relation.fields if item.name.startswith("__")]
        self._count += 1
        while any(name.endswith(str(self._count)) for name in names):
            self._count += 1

    def _joined(
        self, point: Value, single: Relation, reaching: Value, doubled: Relation, radius_deg: float
    ) -> list[str]:
        self._number(single, doubled)
        for value, relation, name in ((point, single, "band_point"), (reaching, doubled, "band_reach")):
            parts = {
                "x": f"unit_x({value.lon}, {value.lat})",
                "y": f"unit_y({value.lon}, {value.lat})",
                "z": f"unit_z({value.lat})",
                "n": str(self._count),
                "radius_arcsec": repr(radius_deg * 3600),
            }
            relation.layers.append((name, parts))
        left, right = quote(single.alias), quote(doubled.alias)
        equal = [f"{left}.__b{axis}{self._count} = {right}.__b{axis}{self._count}" for axis in "xyz"]
        steps = [f"pow({left}.__{axis}{self._count} - {right}.__{axis}{self._count}, 2)" for axis in "xyz"]
        return [*equal, f"{' + '.join(steps)} <= pow(chord_limit({radius_deg!r}), 2)"]


def _only_relation(value: Value) -> Relation | None:
    relations = value.lon.relations | value.lat.relations
    return next(iter(relations)) if len(relations) == 1 and not value.aggregate else None
