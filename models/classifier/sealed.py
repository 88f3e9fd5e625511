"""Checkpoints: files that are whole and say so, or are not believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skyband.schema.disk import put_in_place
from skyband.schema.errors import BadFile
from skyband.schema.faults import storage_error

_MAGIC = b"skyband checkpoint 1\n"
_DIGEST_BYTES = 32
_LENGTH_BYTES = 8


def write_sealed(path: Path, note: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """Write a note and named bytes with a checksum; a crash leaves the file before.

    Raises:
        StorageError: the disk is full or refuses.
    """
    head = json.dumps({"note": note, "parts": {name: len(data) for name, data in parts.items()}}).encode()
    body = b"".join((len(head).to_bytes(_LENGTH_BYTES, "little"), head, *parts.values()))
    write_whole(path, _MAGIC + hashlib.sha256(body).digest() + body)


def read_sealed(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The note and the parts of a file of `write_sealed`.

    Raises:
        BadFile: the file is damaged, or is another.
        StorageError: it cannot be read.
    """
    data = read_bytes(path)
    start = len(_MAGIC) + _DIGEST_BYTES
    digest, body = data[len(_MAGIC) : start], data[start:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        raise BadFile(f"checkpoint {path} is damaged; remove it, and its part of the training is done again")
    size = int.from_bytes(body[:_LENGTH_BYTES], "little")
    head = json.loads(body[_LENGTH_BYTES : _LENGTH_BYTES + size])
    parts: dict[str, bytes] = {}
    place = _LENGTH_BYTES + size
    for name, length in head["parts"].items():
        parts[name] = body[place : place + length]
        place += length
    return head["note"], parts


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that neither a crash nor a power cut leaves half of it.

    Raises:
        StorageError: the disk is full or refuses.
    """
    building = path.with_name(f".{path.name}.building")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        building.write_bytes(data)
        put_in_place(building, path)
    except OSError as error:
        raise storage_error(f"cannot write {path}", error) from error


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise storage_error(f"cannot read {path}", error) from error
