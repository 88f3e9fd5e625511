"""`create_functions`: the macros and functions translated ADQL needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from skyband.schema.sql import load_sql

if TYPE_CHECKING:
    import duckdb


PREFIX = "adql_"
"""How the names of all macros and functions made for ADQL begin."""


def create_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Create them on the connection of a `Session`, for it and its cursors."""
    from duckdb.func import PythonUDFType
    from duckdb.sqltypes import BIGINT, BOOLEAN, DOUBLE, INTEGER, DuckDBPyType

    listed, pair = DuckDBPyType("DOUBLE[]"), DuckDBPyType("DOUBLE[2]")
    functions: tuple[tuple[str, Callable[..., Any], list[Any], DuckDBPyType], ...] = (
        ("adql_cell_center", _cell_center, [INTEGER, BIGINT], pair),
        (
            "adql_counts",
            _counts,
            [DuckDBPyType("INTEGER[]"), DuckDBPyType("UBIGINT[]"), INTEGER],
            DuckDBPyType("INTEGER[]"),
        ),
        ("adql_in_polygon", _in_polygon, [DOUBLE, DOUBLE, listed], BOOLEAN),
        ("adql_edges_angle", _edges_angle, [DOUBLE, DOUBLE, listed], DOUBLE),
        ("adql_polygon_in_polygon", _polygon_in_polygon, [listed, listed], BOOLEAN),
        ("adql_polygons_meet", _polygons_meet, [listed, listed], BOOLEAN),
        ("adql_polygon_area", _polygon_area, [listed], DOUBLE),
        ("adql_polygon_centroid", _polygon_centroid, [listed], pair),
        ("adql_rotated", _rotated, [listed, listed], listed),
    )
    for name, function, parameters, result in functions:
        connection.create_function(name, function, parameters, result, type=PythonUDFType.ARROW)
    connection.execute(load_sql("skyband.queries.adql", "functions"))


# DuckDB evaluates the annotations, so they cannot name the lazily imported pyarrow. Rows with a NULL do not come here.


def _cell_center(order: Any, index: Any) -> Any:
    import numpy as np

    from skyband.schema.healpix import healpix_centers

    orders, indices = order.to_numpy(), index.to_numpy()
    centers = np.empty((len(orders), 2))
    for one in np.unique(orders):
        chosen = orders == one
        centers[chosen] = healpix_centers(int(one), indices[chosen])
    return _pairs(centers)


def _counts(keys: Any, counts: Any, bins: Any) -> Any:
    """Lists of bins + 2 numbers, each count at its key."""
    import numpy as np
    import pyarrow as pa

    keys, counts, size = _whole(keys), _whole(counts), int(bins[0].as_py()) + 2
    offsets = keys.offsets.to_numpy()
    found = np.zeros((len(keys), size), np.int32)
    found[np.repeat(np.arange(len(keys)), np.diff(offsets)), keys.flatten().to_numpy()] = counts.flatten().to_numpy()
    return pa.ListArray.from_arrays(pa.array(np.arange(len(keys) + 1, dtype=np.int32) * size), pa.array(found.ravel()))


def _in_polygon(lon: Any, lat: Any, shape: Any) -> Any:
    from skyband.queries.adql.polygons import quietly, vectors

    points = quietly(vectors, lon.to_numpy(), lat.to_numpy())
    return _array(quietly(_polygons(shape).contain, points))


def _edges_angle(lon: Any, lat: Any, shape: Any) -> Any:
    from skyband.queries.adql.polygons import quietly, vectors

    points = quietly(vectors, lon.to_numpy(), lat.to_numpy())
    return _array(quietly(_polygons(shape).edge_angles, points))


def _polygon_in_polygon(inner: Any, outer: Any) -> Any:
    from skyband.queries.adql.polygons import polygon_in_polygon, quietly

    return _array(quietly(polygon_in_polygon, _polygons(inner), _polygons(outer)))


def _polygons_meet(first: Any, second: Any) -> Any:
    from skyband.queries.adql.polygons import polygons_meet, quietly

    return _array(quietly(polygons_meet, _polygons(first), _polygons(second)))


def _polygon_area(shape: Any) -> Any:
    return _array(_polygons(shape).areas())


def _polygon_centroid(shape: Any) -> Any:
    return _pairs(_polygons(shape).centroids())


def _rotated(shape: Any, matrix: Any) -> Any:
    import pyarrow as pa

    from skyband.queries.adql.polygons import rotated

    shape, matrix = _whole(shape), _whole(matrix)
    offsets = shape.offsets.to_numpy()
    turned = rotated(shape.values.to_numpy(), offsets, matrix.flatten().to_numpy())
    return pa.ListArray.from_arrays(pa.array(offsets - offsets[0]), pa.array(turned))


def _polygons(shape: Any) -> Any:
    from skyband.queries.adql.polygons import Polygons

    shape = _whole(shape)
    return Polygons.of(shape.values.to_numpy(zero_copy_only=False), shape.offsets.to_numpy())


def _whole(column: Any) -> Any:
    """A list column as one array."""
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column


def _array(values: Any) -> Any:
    import pyarrow as pa

    return pa.array(values)


def _pairs(values: Any) -> Any:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 2)
