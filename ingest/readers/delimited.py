"""CSV and TSV files: how they are written, and the sources they make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from skyband.ingest.readers import infer
from skyband.ingest.readers.delimited_rows import DelimitedScan
from skyband.ingest.readers.frames import Frame
from skyband.ingest.readers.sniff import SAMPLE_BYTES, Layout, sniff
from skyband.ingest.readers.source import Source, common_path, unique_names
from skyband.ingest.readers.vizier import Catalogue, read_comments
from skyband.schema.columns import Column
from skyband.schema.role_names import EQUATORIAL_NAMES, GALACTIC_NAMES, plain_name, split_unit
from skyband.schema.units import to_vounit

_LEAST_SAMPLE_BYTES = 128 << 10

Guesses = dict[str, infer.Guess]
"""Types by lower-case column name."""


_POSITIONS = frozenset(
    name
    for level in (*EQUATORIAL_NAMES, *GALACTIC_NAMES)
    for longitude, latitudes in level.items()
    for name in (longitude, *latitudes)
)
"""Names positions go by."""


def open_delimited(paths: Sequence[Path], format: str) -> list[Source]:
    """The sources of CSV or TSV files, one for all files written alike.

    Types are guessed from samples of all files together (`infer.guess_type`); files that are not UTF-8 are read as
    Latin-1; VizieR's comments, units and rulers are understood. A text file that ends early cannot be told from a
    whole one, but for a last line with too few values, which is rejected.

    Raises:
        BadFile: empty, no header, no separator, damaged gzip.
    """
    budget = max(_LEAST_SAMPLE_BYTES, SAMPLE_BYTES // len(paths))
    sniffed = [(path, sniff(path, "\t" if format == "tsv" else None, budget)) for path in paths]
    found: dict[str, list[infer.Guess]] = defaultdict(list)
    for _, one in sniffed:
        for name, guess in zip(unique_names(list(one.layout.names)), one.guesses, strict=True):
            found[name.lower()].append(guess)
    guesses = {name: infer.merge(of_files) for name, of_files in found.items()}
    nulls = tuple(dict.fromkeys(null for _, one in sniffed for null in one.layout.nulls))
    is_padded = any(one.layout.is_padded for _, one in sniffed)
    alike: dict[tuple[Layout, tuple[str, ...], Frame], list[Path]] = defaultdict(list)
    catalogues: dict[Path, Catalogue] = {}
    for path, one in sniffed:
        catalogues[path] = read_comments(one.comments)
        alike[replace(one.layout, nulls=nulls, is_padded=is_padded), one.units, catalogues[path].frame].append(path)
    empty = {path for path, one in sniffed if one.rows == 0}
    return [
        _source(
            files, format, layout, units, guesses, catalogues[files[0]], rows=0 if empty.issuperset(files) else None
        )
        for (layout, units, _), files in alike.items()
    ]


def _source(
    files: list[Path],
    format: str,
    layout: Layout,
    units: tuple[str, ...],
    guesses: Guesses,
    catalogue: Catalogue,
    *,
    rows: int | None,
) -> Source:
    names = unique_names(list(layout.names))
    columns = tuple(
        Column(
            name=name,
            type=_type(name, guesses[name.lower()], catalogue),
            unit=to_vounit(units[place]) if place < len(units) else "",
            ucd=catalogue.ucds.get(name, ""),
            description=catalogue.descriptions.get(name, ""),
        )
        for place, name in enumerate(names)
    )
    return Source(
        path=common_path(files),
        format=format,
        columns=columns,
        rows=rows,
        frame=catalogue.frame.name,
        equinox=catalogue.frame.equinox,
        epoch=catalogue.frame.epoch,
        description=catalogue.title,
        source=f"VizieR {catalogue.name}" if catalogue.name else "",
        notes=_notes(files, layout, columns, guesses),
        scan=DelimitedScan(tuple(files), layout, columns, is_guess=True),
    )


def _type(name: str, guess: infer.Guess, catalogue: Catalogue) -> str:
    # VizieR tells text ("A") from numbers; it may be digits only.
    if catalogue.formats.get(name) == "A":
        return "VARCHAR"
    # Positions of a sample may all be whole degrees.
    if guess.type == "BIGINT" and split_unit(plain_name(name))[0] in _POSITIONS:
        return "DOUBLE"
    return guess.type or "VARCHAR"


def _notes(files: list[Path], layout: Layout, columns: tuple[Column, ...], guesses: Guesses) -> tuple[str, ...]:
    notes = [f"{path.name} is not UTF-8 and was read as Latin-1" for path in files if layout.encoding != "utf-8"]
    for column in columns:
        guess = guesses[column.name.lower()]
        if column.type == "VARCHAR" and guess.numbers:
            notes.append(f"column {column.name} holds numbers and other text, and is read as text")
        elif column.type != "VARCHAR" and guess.misfits:
            values = ", ".join(map(repr, guess.misfits))
            notes.append(f"column {column.name} is read as {column.type}; rows with {values} there are rejected")
    return tuple(notes)
