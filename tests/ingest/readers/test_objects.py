"""Objects of JSON and Avro as flat rows."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.ingest.readers.objects import batches, kind_of, records
from skyband.schema.errors import BadFile

LEAVES = st.none() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["g", "r", "i"])
OBJECTS = st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES)))


def read(text: bytes, batch_rows: int = 100) -> list[dict[str, Any]]:
    rows = records(io.BytesIO(text), "json", "it")
    return [row for batch in batches(rows, batch_rows) for row in batch.to_pylist()]


def flat(value: dict[str, Any]) -> dict[str, Any]:
    """By walking the paths; numbers as floats, as whole ones may share a column with others."""
    found: dict[str, Any] = {}
    todo: list[tuple[tuple[str, ...], Any]] = [((name,), one) for name, one in value.items()]
    while todo:
        path, one = todo.pop()
        if isinstance(one, dict):
            todo += [((*path, name), inner) for name, inner in one.items()]
        elif one is not None:
            found[".".join(path)] = float(one)
    return found


@settings(deadline=None)
@given(st.lists(OBJECTS, min_size=1, max_size=8), st.integers(1, 4), st.booleans())
def test_nested_members_are_columns_with_a_dot(objects: list[dict[str, Any]], batch_rows: int, as_list: bool) -> None:
    text = json.dumps(objects) if as_list else "\n\n".join(map(json.dumps, objects)) + "\n"
    found = [
        {name: float(value) for name, value in row.items() if value is not None}
        for row in read(text.encode(), batch_rows)
    ]
    assert found == list(map(flat, objects))


def test_values_keep_their_kinds() -> None:
    rows = [
        {"id": 2**62, "big": 2**64, "flag": True, "g": 1, "name": "a", "none": None, "list": [1]},
        {"id": 1, "big": 1, "flag": False, "g": 1.5, "name": None, "none": None, "list": []},
    ]
    assert read(json.dumps(rows).encode()) == [
        {"id": 2**62, "big": 2.0**64, "flag": 1, "g": 1.0, "name": "a", "none": None},
        {"id": 1, "big": 1.0, "flag": 0, "g": 1.5, "name": None, "none": None},
    ]
    assert read(b'\xef\xbb\xbf \n{\n "g": NaN,\n "r": {"x": 2}\n}\n')[0]["r.x"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"g": 1}\n{"g": }\n', "it, object 2, is not JSON"),
        (b"[1, 2", "it is not JSON"),
        (b"[[1]]", "it holds list where an object should be"),
        (b"\xff{", "it is not JSON"),
        (b'[{"g": 1}, {"g": "x"}]', "'g' is a number in some objects and text in others"),
        (b'{"t": "\\ud800"}', "no number or text a table holds"),
        (b"[" * 10**6, "nested too deep"),
    ],
)
def test_damage_is_told(text: bytes, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        read(text)


def test_formats_are_known_by_their_first_bytes() -> None:
    heads = (b' \n[{"a"', b'\xef\xbb\xbf{"a"', b"Obj\x01abc", b"id,g,r\n", b"PAR1", b"")
    assert [kind_of(head) for head in heads] == ["json", "json", "avro", None, None, None]
