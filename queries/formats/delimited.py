"""CSV (RFC 4180, with line feeds) and TSV, whole columns at a time.

A header, UTF-8, NULL as an empty field, empty text as `""`, numbers as short as they read back equal. Text is quoted
only where it must be; in TSV too, where tabs and line ends occur in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import join, join_rows, pieces
from skyband.queries.formats.nested_text import value_text
from skyband.queries.formats.registry import Options
from skyband.queries.stream import ResultStream


def encode_csv(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """Fields with commas between."""
    return _lines(stream, ",")


def encode_tsv(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """Fields with tabs between."""
    return _lines(stream, "\t")


def _lines(stream: ResultStream, separator: str) -> Iterator[bytes]:
    names = pa.array([column.name for column in stream.columns], pa.string())
    yield (separator.join(_quoted(names, separator).to_pylist()) + "\n").encode()
    alone = len(stream.columns) == 1
    for piece in pieces(stream.batches):
        texts = []
        for array, column in zip(piece.columns, stream.columns, strict=True):
            text = value_text(array, column.type)
            bare = pa.types.is_primitive(array.type)
            texts.append(text if bare else _quoted(text, separator))
        if alone:  # an empty line would be skipped by readers, and the row with it
            texts = [pc.fill_null(texts[0], '""')]
        yield join_rows(texts, separator, after="\n")


def _quoted(text: pa.Array, separator: str) -> pa.Array:
    must = pc.match_substring_regex(text, rf'["\r\n{separator}]|^\s|\s$|^$')
    if not pc.any(must).as_py():
        return text
    return pc.if_else(must, join('"', pc.replace_substring(text, '"', '""'), '"'), text)
