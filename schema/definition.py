"""Definitions in TOML: strict tables to dataclasses, and patterns that write many tables with few words.

- `expand.<key>` is a list of values. A table whose `name` holds `{key}` stands for one table a value; where the values
  are tables, `{key.field}` is a field of the value and `{key}` its `name`.
- `extends` names another definition, whose keys and columns are taken over where this one has none of its own;
  `without` lists columns of it to leave out.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from skyband.schema.errors import BadFile

Table = dict[str, Any]
_Kind = TypeVar("_Kind")


def read_definition(path: Path, others: Mapping[str, Path]) -> Table:
    """The tables of a definition file; `others` are the definitions it can extend, by name.

    Raises:
        BadFile: the file is missing or no TOML, or what it extends is not there.
    """
    table = _read(path)
    parent = table.pop("extends", None)
    if parent is None:
        return table
    if parent not in others:
        raise BadFile(f"{path}: 'extends' must name one of {', '.join(sorted(others))}; it says {parent!r}")
    # A chain of definitions ends: nothing in it extends the same name twice.
    further = {name: file for name, file in others.items() if name != parent}
    return _extended(read_definition(others[parent], further), table)


def _read(path: Path) -> Table:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(f"{path}: cannot be read as TOML: {error}") from None
    for key in ("columns", "bands", "inputs"):
        if not _is_list(table.get(key, []), lambda item: isinstance(item, dict)):
            raise BadFile(f"{path}: {key!r} must be a list of tables")
    if not isinstance(table.get("expand", {}), dict):
        raise BadFile(f"{path}: 'expand' must be a table of lists")
    if "name" in table:
        raise BadFile(f"{path}: no 'name' here: the name of a definition is the name of its file")
    return table


def _extended(parent: Table, child: Table) -> Table:
    without = set(child.pop("without", [])) | {column.get("name") for column in child.get("columns", [])}
    columns = [column for column in parent.get("columns", []) if column.get("name") not in without]
    expand = parent.get("expand", {}) | child.get("expand", {})
    return parent | child | {"columns": columns + child.get("columns", []), "expand": expand}


_PLACE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


def expanded(table: Table, expand: Mapping[str, list[Any]], where: str) -> Iterator[Table]:
    """The tables a pattern stands for: one for each combination of the values its name asks for.

    Raises:
        BadFile: a list or a field is missing.
    """
    keys = list(dict.fromkeys(key for key, _ in _PLACE.findall(str(table.get("name", "")))))
    if missing := [key for key in keys if not isinstance(expand.get(key), list)]:
        raise BadFile(f"{where}: {table['name']!r} needs a list 'expand.{missing[0]}'")
    for values in itertools.product(*(expand[key] for key in keys)):
        chosen = dict(zip(keys, values, strict=True))
        yield {key: _filled(value, chosen, where) for key, value in table.items()}


def _filled(value: Any, chosen: Table, where: str) -> Any:
    if isinstance(value, list):
        return [_filled(item, chosen, where) for item in value]
    if not isinstance(value, str):
        return value

    def text(place: re.Match[str]) -> str:
        key, part = place.groups()
        found = chosen.get(key)
        if isinstance(found, dict):
            found = found.get(part or "name")
        elif part:
            found = None
        if not isinstance(found, str):
            raise BadFile(f"{where}: nothing to put for '{place.group()}' in {value!r}")
        return found

    return _PLACE.sub(text, value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(fits, value))


_TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("a text", lambda value: isinstance(value, str)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "float": ("a number", _is_number),
    "float | None": ("a number", _is_number),
    "tuple[str, ...]": ("a list of texts", lambda value: _is_list(value, lambda item: isinstance(item, str))),
    "tuple[float, ...]": ("a list of numbers", lambda value: _is_list(value, _is_number)),
}


def build(kind: type[_Kind], table: Any, where: str) -> _Kind:
    """The dataclass `kind` whose fields are the keys of `table`.

    Raises:
        BadFile: a key is unknown, missing or of the wrong type; the message begins with `where`.
    """
    if not isinstance(table, dict):
        raise BadFile(f"{where}: must be a table, not {table!r}")
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for key, value in table.items():
        if key not in known:
            raise BadFile(f"{where}: unknown key {key!r}; the keys are {', '.join(known)}")
        words, fits = _TYPES.get(str(known[key].type), ("", lambda value: True))
        if not fits(value):
            raise BadFile(f"{where}: {key!r} must be {words}, not {value!r}")
    for key, item in known.items():
        if item.default is MISSING and key not in table:
            raise BadFile(f"{where}: {key!r} is missing")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
