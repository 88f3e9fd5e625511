"""What astronomy's formats can hold: numbers of a few types, alone or in arrays, text, and bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import bytes_of, is_list, is_null, offsets_of, simple, simple_type
from skyband.queries.formats.nested_text import value_text
from skyband.schema.columns import Column

_NUMBERS: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "u1": pa.uint8(),
    "i2": pa.int16(),
    "i4": pa.int32(),
    "i8": pa.int64(),
    "u8": pa.uint64(),
    "f4": pa.float32(),
    "f8": pa.float64(),
}
_WIDENED = {"bool": "bool", "int8": "i2", "uint8": "u1", "int16": "i2", "uint16": "i4", "int32": "i4"} | {
    "uint32": "i8", "int64": "i8", "uint64": "u8", "halffloat": "f4", "float": "f4", "double": "f8"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a row: `base` is a number type ("bool", "u1", "i2" ... "f8"), "text" or "bytes".

    `shape` is () for a scalar, (2, 3) for arrays of that C-ordered shape, None for one dimension of any length.
    Text and bytes have the shape ().
    """

    base: str
    shape: tuple[int, ...] | None = ()
    ascii: bool = False  # text: whether every value is ASCII
    xtype: str = ""  # DALI xtype of a text that stands for something else

    @property
    def is_integer(self) -> bool:
        """Whether NULL inside has no number of its own."""
        return self.base in {"u1", "i2", "i4", "i8", "u8"}

    @property
    def is_variable(self) -> bool:
        """Whether values differ in length."""
        return self.shape is None or self.base in {"text", "bytes"}

    @property
    def size(self) -> int:
        """Numbers in a value of fixed shape."""
        return math.prod(self.shape or ())

    @property
    def lowest(self) -> int:
        """The smallest integer of the type: the customary NULL."""
        return int(np.iinfo(self.base).min)

    def with_base(self, base: str) -> Cell:
        """The same shape of another number type."""
        return replace(self, base=base)


def cell_of(column: Column, kind: pa.DataType) -> Cell:
    """The cell for a column of an Arrow type.

    Integers without a type of their own widen; DECIMALs of 18 digits and no fraction become 64-bit integers, all others
    doubles (HUGEINT too: it is what sums are). Arrays of numbers stay arrays if their length is fixed or they are
    floating-point; times, intervals, UUIDs and all other nested values become text.
    """
    simple_kind = simple_type(kind)
    shape: tuple[int, ...] | None = ()
    while is_list(simple_kind):
        if pa.types.is_fixed_size_list(simple_kind) and shape is not None:
            shape = (*shape, simple_kind.list_size)
        elif shape == ():
            shape = None
        else:
            return Cell("text")
        simple_kind = simple_type(simple_kind.value_type)
    base = _number(simple_kind)
    if base and (shape == () or (base != "u8" and (shape or base in {"f4", "f8"}))):
        return Cell(base, () if shape == (1,) else shape)
    if shape != () or pa.types.is_nested(simple_kind):
        return Cell("text")
    if pa.types.is_binary(simple_kind) and column.type.upper() != "BIT":
        return Cell("bytes")
    if pa.types.is_string(simple_kind):
        return Cell("text", ascii=column.ascii is True or column.type.upper() == "UUID")
    is_date = pa.types.is_timestamp(simple_kind) or pa.types.is_date(simple_kind)
    return Cell("text", ascii=True, xtype="timestamp" if is_date else "")


def _number(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return "i8" if kind.scale == 0 and kind.precision <= 18 else "f8"
    return _WIDENED.get(str(kind), "")


def convert(array: pa.Array, column: Column, cell: Cell) -> pa.Array:
    """The array in the Arrow type of its cell: number, list or fixed-size list of one number type, string, binary."""
    array = simple(array)
    if cell.base == "text":
        return value_text(array, column.type)
    if cell.base == "bytes":
        return array
    number = _NUMBERS[cell.base]
    if array.type == number:
        return array
    if not is_list(array.type):
        return array.cast(number, safe=False)
    if cell.shape is None:
        return array.cast(pa.list_(number), safe=False)
    leaves, valid = _leaves(array)
    if cell.shape == ():
        return pc.if_else(valid, leaves.cast(number, safe=False), None)
    flat = pa.FixedSizeListArray.from_arrays(leaves.cast(number, safe=False), cell.size)
    return pc.if_else(valid, flat, None)


def _leaves(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The numbers of scalars or nested fixed-size lists, one after the other, and which outer values are not NULL."""
    valid = array.is_valid()
    while pa.types.is_fixed_size_list(array.type):
        size = array.type.list_size
        values = simple(array.values.slice(array.offset * size, len(array) * size))
        if array.null_count:
            dead = np.repeat(is_null(array), size)
            values = pc.if_else(pa.array(dead), None, values)
        array = values
    return array, valid


def numbers(array: pa.Array, cell: Cell, null: int | None = None) -> npt.NDArray[np.generic]:
    """Big-endian numbers, shape (rows, *cell.shape), of a converted array.

    NULL is NaN, `null` for integers (0 where that is None), and 0 for booleans, which are the characters T and F.
    """
    if cell.shape == () and not is_list(array.type):
        return _big_endian(array, cell.base, null)
    leaves, _ = _leaves(array)
    return _big_endian(leaves, cell.base, null).reshape(len(array), *(cell.shape or ()))


def _big_endian(array: pa.Array, base: str, null: int | None) -> npt.NDArray[np.generic]:
    if base == "bool":
        letters = np.where(pc.fill_null(array, False).to_numpy(zero_copy_only=False), ord("T"), ord("F"))
        return np.where(is_null(array), 0, letters).astype(np.uint8)
    filled = array
    if array.null_count:
        filled = pc.fill_null(array, pa.scalar(math.nan if base[0] == "f" else null or 0, array.type))
    return np.asarray(filled.to_numpy()).astype(f">{base}", copy=False)


def payload(
    array: pa.Array, cell: Cell, null: int | None = None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.generic]]:
    """Element offsets and big-endian elements of a converted array whose values differ in length; NULL is empty."""
    if cell.base in {"text", "bytes"}:
        return bytes_of(array)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
    return offsets_of(lengths), _big_endian(array.flatten(), cell.base, null)
