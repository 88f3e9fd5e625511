"""The files of an ingest: folders opened up, HATS catalogues understood."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skyband.ingest.readers.detect import SUFFIXES, suffix_format
from skyband.schema.errors import BadFile

_PROPERTIES = ("hats.properties", "properties")
# Parts of a HATS collection that repeat rows of its catalogue or are no table of the sky.
_HATS_COPIES = {"margin", "index", "map", "association"}


@dataclass(slots=True)
class Found:
    """Files to read, and what was learnt on the way."""

    files: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)  # of the HATS catalogue, where it is one


def find_files(paths: Sequence[Path], format: str | None = None) -> Found:
    """The files that paths name: files as they are, folders with all files below that look like tables.

    In natural order (`part-2` before `part-10`). Hidden files, and those beginning with `_`, are left out, as Spark,
    Dask and HATS mean them to be. Of a HATS catalogue or collection the leaf files of its main table are taken,
    not its margins, indexes and maps. With `format`, only files named as of that format are taken from folders.

    Raises:
        BadFile: no path at all, or a folder without tables.
    """
    if not paths:
        raise BadFile("no file to read was named")
    found = Found()
    for path in paths:
        if not path.is_dir():
            found.files.append(path)
            continue
        before = len(found.files)
        _walk(path, found, format)
        if len(found.files) == before:
            raise BadFile(f"the folder {path} holds no tables that skyband reads")
    return found


def natural_key(path: Path) -> list[tuple[int, str | int]]:
    """A sort key that puts `part-2` before `part-10`."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", str(path)) if part]


def _walk(folder: Path, found: Found, format: str | None) -> None:
    collection = _read_properties(folder / "collection.properties")
    if primary := collection.get("hats_primary_table_url"):
        _walk(_inside(folder, primary), found, format)
        return
    properties = next((read for name in _PROPERTIES if (read := _read_properties(folder / name))), {})
    if properties.get("dataproduct_type"):
        found.properties.update(properties)
    entries = sorted((path for path in folder.iterdir() if path.name[0] not in "._"), key=natural_key)
    leaves = [path for path in entries if path.is_dir() and (path.name == "dataset" or path.name.startswith("Norder="))]
    is_hats = bool(leaves) and (bool(properties) or any(path.name.startswith("Norder=") for path in leaves))
    for path in leaves if is_hats else entries:
        if path.is_dir():
            if not _is_copy(path):
                _walk(path, found, format)
        elif suffix_format(path) in (SUFFIXES.values() if format is None else (format,)):
            found.files.append(path)
        else:
            found.skipped.append(path)


def _inside(collection: Path, primary: str) -> Path:
    folder = collection / primary
    if not folder.is_dir():
        raise BadFile(f"the HATS collection {collection} lacks its catalogue {primary!r}; fetch it too")
    return folder


def _is_copy(folder: Path) -> bool:
    properties = next((read for name in _PROPERTIES if (read := _read_properties(folder / name))), {})
    return properties.get("dataproduct_type") in _HATS_COPIES


def _read_properties(path: Path) -> Mapping[str, str]:
    """The `key=value` lines of a file, none where there is no such file."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {key.strip(): value.strip() for key, sign, value in pairs if sign}
