"""JSON: one document with columns and rows, or one object a line. Numbers that are not finite become null."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import pyarrow as pa

from skyband.queries.formats.arrays import join, join_rows, pieces
from skyband.queries.formats.nested_text import json_text
from skyband.queries.formats.registry import Options
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column


def encode(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """`{"name", "description", "query", "columns": [...], "rows": [[...], ...], "row_count", "truncated", "infos"}`.

    Members without a value are left out, those of `options.members` come before the columns. A query that fails on the
    way leaves the document unfinished, so that nobody takes it for whole.
    """
    head = {
        "name": stream.name,
        **_present(description=stream.description, query=stream.query),
        **options.members,
        "columns": [_column(column) for column in stream.columns],
    }
    yield (json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": [').encode()
    count = 0
    for piece in pieces(stream.batches):
        rows = join_rows(_texts(piece, stream.columns), ",", ",\n[", "]")
        yield rows if count else rows[1:]
        count += piece.num_rows
    infos = [asdict(info) for info in (*options.infos, *options.trailer())]
    truncated = any(info["value"] == "OVERFLOW" for info in infos)
    tail = {"row_count": count, "truncated": truncated} | _present(infos=infos)
    yield ("\n], " + json.dumps(tail, ensure_ascii=False)[1:] + "\n").encode()


def encode_lines(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """One object a row, its members in the order of the columns."""
    for piece in pieces(stream.batches):
        members = [
            join(json.dumps(column.name, ensure_ascii=False) + ":", text)
            for column, text in zip(stream.columns, _texts(piece, stream.columns), strict=True)
        ]
        yield join_rows(members, ",", "{", "}\n")


def _texts(piece: pa.RecordBatch, columns: tuple[Column, ...]) -> list[pa.Array]:
    return [json_text(array, column.type) for array, column in zip(piece.columns, columns, strict=True)]


def _column(column: Column) -> dict[str, object]:
    return _present(
        name=column.name,
        type=column.type,
        unit=column.unit,
        ucd=column.ucd,
        utype=column.utype,
        xtype=column.xtype,
        description=column.description,
    )


def _present(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}
