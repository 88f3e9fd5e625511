from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import polars
import pyarrow as pa
import pyarrow.feather
import pytest

Encoded = Callable[..., io.BytesIO]
READERS: dict[str, list[Callable[[io.BytesIO], pa.Table]]] = {
    "arrow": [lambda file: pa.ipc.open_stream(file).read_all(), lambda file: polars.read_ipc_stream(file).to_arrow()],
    "arrow-file": [pyarrow.feather.read_table, lambda file: polars.read_ipc(file).to_arrow()],
}


@pytest.mark.parametrize("rows", [0, 10])
@pytest.mark.parametrize(("format", "reader"), [(format, r) for format, readers in READERS.items() for r in readers])
def test_read_equal(
    format: str,
    reader: Callable[[io.BytesIO], pa.Table],
    rows: int,
    sky: pa.Table,
    encoded: Encoded,
    marked: Callable[[Any], Any],
) -> None:
    sky = sky.slice(0, rows)
    assert marked(reader(encoded(sky, format)).to_pydict()) == marked(sky.to_pydict())


@pytest.mark.parametrize("format", READERS)
def test_fields_carry_metadata(format: str, sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    read = READERS[format][0](encoded(sky, format, metadata))
    assert read.field("dec").metadata == {
        b"unit": b"deg",
        b"ucd": b"pos.eq.dec;meta.main",
        b"utype": b"stc:AstroCoords.Position",
    }
    assert read.field("u64").metadata is None
