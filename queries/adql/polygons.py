"""Polygons on the sphere, many at once: lists of [lon1, lat1, lon2, lat2, ...] in degrees with great-circle edges.

A polygon is the smaller part of the sky that its edges bound; its edge belongs to it. Every function takes and gives
one element a row. The rows are flattened to edges, and results gathered by row, so that no loop runs over rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_TOUCHES = 1e-14
"""Sine of the angle, about 2 nanoarcsec, within which a point is on an edge."""


def vectors(lon: Array, lat: Array) -> Array:
    """Unit vectors, shape (n, 3), of directions in degrees; NaN where they are infinite."""
    lon, lat = np.radians(lon), np.radians(lat)
    with np.errstate(invalid="ignore"):
        return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def directions(vector: Array) -> Array:
    """Longitude (0 to 360) and latitude, degrees, shape (n, 2)."""
    x, y, z = vector.T
    return np.column_stack([np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))])


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", a, b))


def _angle(a: Array, b: Array) -> Array:
    return np.asarray(np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), _dot(a, b)))


@dataclass(frozen=True)
class Polygons:
    """Edges of many polygons, one after the other."""

    a: Array  # begin of each edge, unit vectors (edges, 3)
    b: Array  # its end
    counts: Array  # edges of each polygon (rows,)

    @classmethod
    def of(cls, values: Array, offsets: Array) -> Polygons:
        """From an Arrow list: its numbers, and where each row begins."""
        counts = np.diff(offsets) // 2
        pairs = values[offsets[0] : offsets[-1]].reshape(-1, 2)
        a = vectors(pairs[:, 0], pairs[:, 1])
        first = np.cumsum(counts) - counts
        following = np.arange(len(a)) + 1
        following[(first + counts - 1)[counts > 0]] = first[counts > 0]
        return cls(a, a[following], counts)

    @cached_property
    def rows(self) -> Array:
        """Row of each edge."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def normals(self) -> Array:
        """Normals of the edges' great circles, as long as the sine of the edge."""
        return np.cross(self.a, self.b)

    def summed(self, amounts: Array) -> Array:
        """Sums, one a row, of an amount of each edge."""
        return np.bincount(self.rows, amounts, len(self.counts))

    def contain(self, points: Array) -> Array:
        """Whether each holds its point; unit vectors, shape (rows, 3).

        The edges, seen from a point inside, turn once around it.
        """
        p = points[self.rows]
        across, ahead = _dot(self.normals, p), _dot(self.a, self.b) - _dot(self.a, p) * _dot(self.b, p)
        towards = _dot(self.a, p) + _dot(self.b, p)
        turns = np.abs(self.summed(np.arctan2(across, ahead))) > np.pi
        on_edge = (np.abs(across) <= _TOUCHES) & (ahead <= _TOUCHES) & (towards > 0)
        return np.asarray((turns & (self.summed(towards) > 0)) | (self.summed(on_edge) > 0))

    def edge_angles(self, points: Array) -> Array:
        """Angle, degrees, from each point to the nearest place on the edges of its polygon."""
        p = points[self.rows]
        beside = (_dot(self.normals, np.cross(self.a, p)) >= 0) & (_dot(self.normals, np.cross(p, self.b)) >= 0)
        lengths = np.linalg.norm(self.normals, axis=1)
        height = np.abs(_dot(self.normals, p)) / np.where(lengths > 0, lengths, 1)
        ends = np.minimum(_angle(p, self.a), _angle(p, self.b))
        angles = np.where(beside & (lengths > 0), np.arcsin(np.minimum(height, 1)), ends)
        nearest = np.full(len(self.counts), np.inf)
        np.minimum.at(nearest, self.rows, angles)
        return np.asarray(np.degrees(nearest))

    def areas(self) -> Array:
        """Square degrees: the triangles that fan out from the first vertex (van Oosterom & Strackee 1983)."""
        first = self.a[(np.cumsum(self.counts) - self.counts)[self.rows]]
        below = 1 + _dot(first, self.a) + _dot(self.a, self.b) + _dot(self.b, first)
        return np.asarray(np.abs(self.summed(2 * np.arctan2(_dot(first, self.normals), below))) * (180 / np.pi) ** 2)

    def centroids(self) -> Array:
        """Longitude and latitude, degrees, of the mean of all points inside (Brock 1975)."""
        lengths = np.linalg.norm(self.normals, axis=1, keepdims=True)
        weighted = self.normals / np.where(lengths > 0, lengths, 1) * _angle(self.a, self.b)[:, None]
        total = np.column_stack([self.summed(weighted[:, axis]) for axis in range(3)])
        middle = np.column_stack([self.summed(self.a[:, axis]) for axis in range(3)])
        return directions(np.where(_dot(total, middle)[:, None] < 0, -total, total))

    def hold_corners(self, other: Polygons) -> tuple[Array, Array]:
        """For each row, whether all, and whether any, corners of `other` lie inside."""
        chosen = self.taken(other.rows)
        inside = chosen.contain(other.a)
        count = other.summed(inside)
        return count == other.counts, count > 0

    def taken(self, rows: Array) -> Polygons:
        """The polygons of some rows, in that order."""
        starts = (np.cumsum(self.counts) - self.counts)[rows]
        counts = self.counts[rows]
        edges = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        return Polygons(self.a[edges], self.b[edges], counts)

    def cross(self, other: Polygons) -> Array:
        """For each row, whether an edge crosses one of `other`: the four triangles they make turn the same way."""
        theirs = other.taken(self.rows)
        mine = theirs.rows
        n = self.normals[mine]
        turns = np.sign(
            [
                -_dot(n, theirs.a),
                -_dot(theirs.normals, self.b[mine]),
                _dot(n, theirs.b),
                _dot(theirs.normals, self.a[mine]),
            ]
        )
        crossing = (np.abs(turns.sum(axis=0)) == 4).astype(float)
        return self.summed(np.bincount(mine, crossing, len(self.a))) > 0


def polygon_in_polygon(inner: Polygons, outer: Polygons) -> Array:
    """Whether each polygon lies in another."""
    return outer.hold_corners(inner)[0] & ~inner.cross(outer)


def polygons_meet(first: Polygons, second: Polygons) -> Array:
    """Whether two polygons have a point in common."""
    return first.hold_corners(second)[1] | second.hold_corners(first)[1] | first.cross(second)


def rotated(values: Array, offsets: Array, matrices: Array) -> Array:
    """Shapes in another frame: each pair of numbers turned by the row's matrix (rows, 9); a radius at the end stays."""
    sizes = np.diff(offsets)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(rows)) - np.repeat(offsets[:-1] - offsets[0], sizes)
    paired = place < (sizes - sizes % 2)[rows]
    turned = np.array(values[offsets[0] : offsets[-1]], float)
    pairs = turned[paired].reshape(-1, 2)
    matrix = matrices.reshape(-1, 3, 3)[rows[paired][::2]]
    turned[paired] = directions(np.einsum("ijk,ik->ij", matrix, vectors(pairs[:, 0], pairs[:, 1]))).ravel()
    return turned


def quietly(function: Callable[..., Array], *arguments: Any) -> Array:
    """The result of a function whose numbers may be NaN or infinite."""
    with np.errstate(invalid="ignore"):
        return function(*arguments)
