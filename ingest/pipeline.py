"""Files to a table of the store: one pass, nothing lost without a word, all or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skyband.ingest.appending import LOST, NEW_ROW, read_like
from skyband.ingest.beside import rejects_beside
from skyband.ingest.options import IngestOptions, IngestReport
from skyband.ingest.plan import Plan, make_plan, value
from skyband.ingest.positions import prepare
from skyband.ingest.progress import Counter, counted, watched
from skyband.ingest.readers import open_source
from skyband.ingest.readers.parquet import ParquetScan
from skyband.ingest.readers.source import Misread, Source
from skyband.ingest.rejects import find_rejects, remove_rejects, write_rejects
from skyband.ingest.stoppable import execute_stoppable
from skyband.schema.columns import HEALPIX_COLUMN, TableInfo
from skyband.schema.errors import BadTable, TableExists
from skyband.schema.faults import first_line
from skyband.schema.names import check_table_name, quote
from skyband.schema.progress import OnProgress
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import TableWriter, write_table

__all__ = ["IngestOptions", "IngestReport", "ingest"]


def ingest(
    store: Store, paths: Sequence[Path], options: IngestOptions, *, progress: OnProgress | None = None
) -> IngestReport:
    """Read files into a table.

    Rows with no id, the id of another row, or no possible position go to `Store.rejected_file` with the reason.

    Args:
        store: where the table goes.
        paths: files with the same columns, or folders of such files.
        options: what is known of them.
        progress: told rows done and rows in all while the files are read.

    Raises:
        BadFile: a file is missing, empty, damaged or of an unknown format.
        BadTable: id or position are unclear, columns do not fit the table, or no row can be kept.
        BadOption, BadName: what is said of them cannot be.
        TableExists, TableNotFound: the table is there, or is not, against `options.mode`.
        TableLocked: somebody else writes the table.
        StorageError, ResourceLimit: the table could not be written; the old one stays.
    """
    began = time.monotonic()
    name = check_table_name(options.table)
    # What is replaced need not be readable.
    if options.mode != "replace":
        _check_mode(store, options, store.info(name) if store.has(name) else None)
    source = open_source(paths, format=options.format)
    with write_table(store, name) as writer:
        begins_anew = name in writer.session.damaged
        # Now that nobody else can make or drop the table.
        _check_mode(store, options, writer.previous)
        old = writer.previous if options.mode == "append" else None
        source = read_like(old, source) if old else source
        source, plan, unread = _read(writer, source, options, store=store.path, old=old, progress=progress)
        rejected = find_rejects(writer.connection, plan.layout, unread, beside_old=old is not None)
        rows_read = _rows_read(writer, plan)
        rows_kept = rows_read - sum(rejected.values())
        _check_rows(source, rows_read, rows_kept, rejected)
        with _rejects_leaving(writer, plan, rejected, store.rejected_file(name)) as rejected_file:
            info = writer.publish(
                action="ingest" if options.mode == "create" else options.mode,
                command=options.command,
                columns={column.name: column for column in plan.columns},
                **_properties(paths, source, options, plan, rejected),
            )
    seconds = time.monotonic() - began
    notes = (*source.notes, *plan.notes)
    if begins_anew:
        notes = (f"what was there as table {name!r} could not be read: its history begins anew", *notes)
    return IngestReport(info, rows_read, rows_kept, rejected, rejected_file, seconds, notes)


def _check_mode(store: Store, options: IngestOptions, there: TableInfo | None) -> None:
    if there and options.mode == "create":
        raise TableExists(
            f"table {there.name!r} is there already, with {there.rows:,} rows; "
            "--append adds rows to it, --replace puts a new version in its place"
        )
    if there is None and options.mode == "append":
        raise store.not_found(options.table)


def _read(
    writer: TableWriter,
    source: Source,
    options: IngestOptions,
    *,
    store: Path,
    old: TableInfo | None,
    progress: OnProgress | None,
) -> tuple[Source, Plan, str | None]:
    """Fill `new.main.data`, a second time if the files are not like their samples.

    Returns:
        The source as it was read in the end, its plan, and SQL of the rows nobody could read.
    """
    connection = writer.connection
    plan = None
    try:
        plan = make_plan(connection, source, options, store=store, old=old)
        _build(writer, source, plan, progress)
        return source, plan, source.rejects(connection)
    except Misread:
        connection.execute("DROP TABLE IF EXISTS new.main.data")
    # Ids become text rather than be left out, but not beside numbers that a table has already.
    are_numbers = old is not None and (column := old.role("id")) is not None and column.type == "BIGINT"
    source = source.settled(connection, "" if are_numbers else plan.layout.id_in_files if plan else None)
    plan = make_plan(connection, source, options, store=store, old=old)
    _build(writer, source, plan, progress)
    return source, plan, source.rejects(connection)


def _build(writer: TableWriter, source: Source, plan: Plan, progress: OnProgress | None) -> None:
    """Fill `new.main.data`: rows that can stay in the order of the sky, the others last."""
    counter = Counter()
    prepare(writer.connection, plan.layout.axes)
    id_name = quote(plan.layout.id.column.name)
    with (
        _understood(source),
        source.relation(writer.connection) as rows,
        watched(writer.connection, counter, source.rows, progress),
    ):
        # DuckDB itself knows how much of Parquet files it has read.
        if progress and not isinstance(source.scan, ParquetScan):
            rows = counted(writer.connection, rows, counter)
        filled = fill_sql(
            "skyband.ingest",
            "build",
            rows=plan.select(rows),
            key=HEALPIX_COLUMN if plan.layout.placement else id_name,
            id=id_name,
        )
        execute_stoppable(writer.connection, filled)


@contextmanager
def _understood(source: Source) -> Iterator[None]:
    """Say which value of the rows to be added the table cannot hold."""
    import duckdb

    try:
        yield
    except duckdb.InvalidInputException as error:
        if f" {LOST} " not in str(error):
            raise
        text = first_line(error).removeprefix("Invalid Input Error: ")
        raise BadTable(f"{source.path}: {text}, as it is in the table; correct it, or --replace the table") from error


def _rows_read(writer: TableWriter, plan: Plan) -> int:
    new = f" WHERE {quote(NEW_ROW)}" if plan.old else ""
    query = f"SELECT (SELECT count(*) FROM new.main.data{new}) + (SELECT count(*) FROM unread)"
    return int(value(writer.connection, query))


def _check_rows(source: Source, rows_read: int, rows_kept: int, rejected: Mapping[str, int]) -> None:
    if rows_read == 0:
        raise BadTable(f"{source.path} has no rows")
    if rows_kept == 0:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in rejected.items())
        raise BadTable(f"{source.path}: none of its {rows_read:,} rows can be kept ({counts})")


@contextmanager
def _rejects_leaving(
    writer: TableWriter, plan: Plan, rejected: Mapping[str, int], final: Path
) -> Iterator[Path | None]:
    """Rejected rows leave the table being built; their file takes its place once the body has published the table."""
    connection = writer.connection
    with rejects_beside(writer, final) as waiting:
        # Rows added to a table leave those turned away when it was made where they are.
        earlier = final if plan.old and final.exists() else None
        if rejected:
            write_rejects(connection, plan.layout, waiting, earlier)
            remove_rejects(connection)
        elif earlier is None:
            waiting.touch()
        for name in plan.passing:
            connection.execute(f"ALTER TABLE new.main.data DROP COLUMN {quote(name)}")
        yield final if rejected else None


def _properties(
    paths: Sequence[Path], source: Source, options: IngestOptions, plan: Plan, rejected: Mapping[str, int]
) -> dict[str, Any]:
    """What the table says of itself."""
    old, survey = plan.old, plan.survey
    files = [path.absolute().name for path in paths]
    counts = dict(rejected)
    if old:
        files = [*old.details.get("files", ()), *files]
        before = old.details.get("rejected", {})
        counts = {reason: before.get(reason, 0) + counts.get(reason, 0) for reason in before | counts}
    known = [old] * (old is not None) + [source] + [survey] * (survey is not None)
    return {
        "description": options.description or _first(known, "description") or (survey.title if survey else ""),
        "survey": survey.name if survey else "",
        "source": "; ".join(filter(None, [source.source, _listed(files)])),
        "licence": _first(known, "licence"),
        "citation": _first(known, "citation"),
        "epoch": plan.epoch,
        # What was computed of the rows before stays theirs.
        "details": {**(old.details if old else {}), "files": files, "rejected": counts},
    }


def _first(known: Sequence[object], field: str) -> str:
    """A field of the first that has it."""
    return next((text for one in known if (text := getattr(one, field))), "")


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
