"""From the paths of an ingest to one source."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from skyband.ingest.readers.detect import check_format, detect_format, split_selector
from skyband.ingest.readers.folders import Found, find_files
from skyband.ingest.readers.frames import column_frame
from skyband.ingest.readers.source import Source
from skyband.ingest.readers.unite import unite
from skyband.schema.errors import BadFile, BadTable

_SHOWN = 5


def open_source(paths: Sequence[Path], *, format: str | None = None) -> Source:
    """The source of all rows of one table: of every file that `paths` name, folders opened up.

    Files must have the same columns, in any order and letter case; types are widened to hold the values of all. A
    table inside a file is chosen by `file.fits[2]`, `file.fits#NAME` or `file.vot#1`. Only headers and samples are
    read here.

    Args:
        paths: files and folders.
        format: one of `detect.FORMATS`, for files whose bytes do not show it; of a folder only such files are read.

    Raises:
        BadFile: a file is missing, empty, truncated or in no format known.
        BadTable: the files do not belong into one table.
        BadOption: an unknown format.
    """
    format = None if format is None else check_format(format)
    found = find_files(paths, format)
    wanted: dict[str, list[tuple[Path, str | None]]] = defaultdict(list)
    for given in {path.absolute(): path for path in found.files}.values():
        path, selector = split_selector(given)
        wanted[format or detect_format(path)].append((path, selector))
    _check_mixture(paths, wanted)
    sources = [source for kind, files in wanted.items() for source in _open(kind, files)]
    source = unite([_finished(source, found.properties) for source in sources])
    return replace(source, notes=(*_skipped(found), *source.notes))


def _open(format: str, files: list[tuple[Path, str | None]]) -> list[Source]:
    """The sources of files of one format; a reader is imported when its format is met."""
    if format in {"parquet", "csv", "tsv", "ecsv"}:
        for path, selector in files:
            if selector is not None:
                raise BadFile(f"{path} is {format}, which holds one table; leave {selector!r} out")
    plain = [path for path, _ in files]
    match format:
        case "parquet":
            from skyband.ingest.readers.parquet import open_parquet

            return open_parquet(plain)
        case "csv" | "tsv":
            from skyband.ingest.readers.delimited import open_delimited

            return open_delimited(plain, format)
        case "ecsv":
            from skyband.ingest.readers.ecsv import open_ecsv

            return [open_ecsv(path) for path in plain]
        case "fits":
            from skyband.ingest.readers.fits import open_fits

            return [open_fits(path, selector) for path, selector in files]
        case _:
            from skyband.ingest.readers.votable import open_votable

            return [open_votable(path, selector) for path, selector in files]


def _check_mixture(paths: Sequence[Path], wanted: Mapping[str, list[tuple[Path, str | None]]]) -> None:
    """Refuse a folder with several formats: likely the same rows twice."""
    folders = [path for path in paths if path.is_dir()]
    if len(wanted) > 1 and folders:
        counts = Counter({kind: len(files) for kind, files in wanted.items()}).most_common()
        raise BadTable(
            f"{folders[0]} holds files of several formats ({', '.join(f'{count} {kind}' for kind, count in counts)}), "
            "perhaps the same rows twice; choose one with --format"
        )


def _finished(source: Source, properties: Mapping[str, str]) -> Source:
    """The source with what its folder (HATS) and its UCDs say beyond its own header."""
    ucds = {
        properties.get("hats_col_ra"): "pos.eq.ra;meta.main",
        properties.get("hats_col_dec"): "pos.eq.dec;meta.main",
    }
    columns = tuple(
        replace(column, ucd=column.ucd or ucds[column.name]) if column.name in ucds else column
        for column in source.columns
    )
    implied = column_frame([column.ucd for column in columns])
    if implied is not None and source.frame == "ICRS" and implied.name != "ICRS":
        source = replace(source, frame=implied.name, equinox=implied.equinox)
    return replace(
        source,
        columns=columns,
        description=source.description or properties.get("obs_title") or properties.get("obs_description", ""),
        source=source.source or properties.get("obs_collection", ""),
        licence=source.licence or properties.get("obs_copyright", ""),
        citation=source.citation or properties.get("bib_reference", ""),
    )


def _skipped(found: Found) -> tuple[str, ...]:
    if not found.skipped:
        return ()
    names = ", ".join(path.name for path in found.skipped[:_SHOWN])
    more = ", ..." if len(found.skipped) > _SHOWN else ""
    return (f"left out {len(found.skipped)} files that are no tables: {names}{more}",)
