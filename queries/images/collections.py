"""Which tables are collections of images."""

from __future__ import annotations

from skyband.schema.columns import TableInfo

KIND = "images"
"""What `details.kind` of a table says if it is a collection."""


def is_collection(table: TableInfo) -> bool:
    """Whether a table has one row an image, with the `source` and `checksum` of its file."""
    return table.details.get("kind") == KIND
