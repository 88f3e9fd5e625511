"""Arrow rows and column metadata as an astropy table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.table import Column as AstropyColumn
from astropy.table import MaskedColumn, Table

from skyband.schema.columns import Column


def astropy_table(rows: pa.Table, columns: Sequence[Column]) -> Table:
    """An astropy `Table`: NULLs masked, units and descriptions set, UCD and utype in each column's `meta`."""
    table = Table()
    for column, values in zip(columns, rows.columns, strict=True):
        made = _astropy_column(column.name, values.combine_chunks())
        made.description = column.description or None
        made.meta.update({key: text for key in ("ucd", "utype", "xtype") if (text := getattr(column, key))})
        if column.unit:
            made.unit = column.unit
        table.add_column(made)
    return table


def _astropy_column(name: str, values: Any) -> AstropyColumn:
    mask = np.asarray(values.is_null().to_numpy(zero_copy_only=False), bool)
    if pa.types.is_fixed_size_list(values.type):
        width = values.type.list_size
        filled = pa.concat_arrays([values]) if not mask.any() else _fill_lists(values, width)
        data = filled.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
        mask = np.broadcast_to(mask[:, None], data.shape)
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        data = np.array(values.fill_null("").to_pylist(), dtype=str)
    elif pa.types.is_temporal(values.type) or pa.types.is_nested(values.type):
        data = values.to_numpy(zero_copy_only=False)
    elif mask.any():
        data = values.fill_null(pa.scalar(0).cast(values.type)).to_numpy(zero_copy_only=False)
    else:
        data = values.to_numpy(zero_copy_only=False)
    return MaskedColumn(data, name=name, mask=mask) if mask.any() else AstropyColumn(data, name=name)


def _fill_lists(values: Any, width: int) -> Any:
    zero = pa.scalar([0] * width, values.type)
    return pa.compute.if_else(values.is_valid(), values, zero)
