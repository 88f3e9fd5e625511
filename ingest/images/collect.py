"""Images into a collection: looked at, sorted out, published; all that is finished or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from skyband.ingest.images.candidates import DUPLICATE_ID, Listing, Refused
from skyband.ingest.images.examine import Examiner, Found, Outcome, Unchanged
from skyband.ingest.images.options import AddOptions, AddReport
from skyband.ingest.images.rejects import count_reasons, first_refusals, refusals_kept, refuse
from skyband.ingest.images.table import (
    build,
    check_collection,
    create_staging,
    drop_unchanged,
    match_positions,
    publish,
    stage,
    with_known,
)
from skyband.ingest.images.work import examine_all, stoppable
from skyband.queries.images.pixels import Pixels
from skyband.queries.images.thumbnails import SCHEMA, Thumbnails
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.names import check_table_name
from skyband.schema.progress import OnProgress
from skyband.schema.store import Store
from skyband.schema.writer import TableWriter, write_table

_STAGED_AT_ONCE = 500
_REMOTE_THREADS = 8
"""Threads at least where images must be fetched: they mostly wait."""

_THUMBNAILS_AT_ONCE = 5000
_SOURCES_NAMED = 10


def collect(
    store: Store,
    options: AddOptions,
    listing_of: Callable[[Pixels], Listing],
    *,
    named: str,
    fetch: Callable[[str], bytes],
    on_stop: Callable[[], None] = lambda: None,
    progress: OnProgress | None = None,
) -> AddReport:
    """Add the images of a listing to a collection.

    The first Ctrl-C ends the work and keeps what is finished; a second one, or a crash, leaves the old collection.

    Args:
        store: where the collection is.
        options: what the user said.
        listing_of: makes the listing, given what reads images.
        named: what the images come from, in words.
        fetch: gives the bytes at the URL of a candidate that has one.
        on_stop: wakes threads that wait in `fetch`.
        progress: told images done and images in all.

    Raises:
        BadTable: the table of that name is no collection, or no image can be kept and there is no collection yet.
        TableLocked: somebody else writes the collection.
        StorageError, ResourceLimit: it could not be written; the old one stays.
    """
    began = time.monotonic()
    name = check_table_name(options.collection)
    check_table_name(f"{name}_thumbnails")
    with write_table(store, name) as writer, Pixels(store) as pixels, stoppable() as stop:
        check_collection(name, writer.previous)
        listing = listing_of(pixels)
        create_staging(writer.connection)
        examiner = Examiner(pixels, fetch, store.path, options.pixel_scale, options.replace, options.match is not None)

        def wake() -> None:
            pixels.close()
            on_stop()

        outcomes = examine_all(
            with_known(writer.connection, writer.previous, _limited(listing, options.limit)),
            examiner,
            threads=_threads(store, listing),
            stop=stop,
            on_stop=wake,
        )
        unchanged = _sort_out(writer, outcomes, _counted(listing, options.limit), progress)
        notes = tuple(listing.notes)
        if options.match is not None:
            table = writer.session.tables[options.match]
            matched = match_positions(writer.connection, table, options.radius_arcsec)
            unchanged += drop_unchanged(writer.connection, writer.previous)
            if not matched:
                notes += (f"--match {options.match}: nothing matched, no image has the id of one of its rows",)
        return _published(store, writer, options, named, unchanged, notes, stop.is_set(), began)


def _limited(listing: Listing, limit: int | None) -> Iterator[Any]:
    for number, image in enumerate(listing.images):
        if limit is not None and number >= limit:
            return
        yield image


def _counted(listing: Listing, limit: int | None) -> int | None:
    return listing.count if limit is None else limit if listing.count is None else min(limit, listing.count)


def _threads(store: Store, listing: Listing) -> int:
    threads = store.settings.processors
    return max(threads, _REMOTE_THREADS) if listing.remote else threads


def _sort_out(writer: TableWriter, outcomes: Iterator[Outcome], count: int | None, progress: OnProgress | None) -> int:
    """Put outcomes into the temporary tables; the number of images that were unchanged.

    Of files with one id the first counts: the same bytes again are nothing new, others are refused.
    """
    seen: dict[str, str] = {}
    good: list[Found] = []
    bad: list[Refused] = []
    done = staged = unchanged = 0

    def put() -> None:
        nonlocal staged
        stage(writer.connection, staged, good)
        refuse(writer.connection, bad)
        staged += len(good)
        good.clear()
        bad.clear()

    for done, outcome in enumerate(outcomes, 1):
        if isinstance(outcome, Refused):
            bad.append(outcome)
        elif outcome.id in seen:
            if seen[outcome.id] == outcome.checksum:
                unchanged += 1
            else:
                bad.append(_second(outcome))
        else:
            seen[outcome.id] = outcome.checksum
            if isinstance(outcome, Unchanged):
                unchanged += 1
            else:
                good.append(outcome)
        if len(good) + len(bad) >= _STAGED_AT_ONCE:
            put()
        if progress is not None:
            progress(done, count)
    put()
    return unchanged


def _second(outcome: Found | Unchanged) -> Refused:
    detail = "another file of this id came first"
    if isinstance(outcome, Unchanged):
        return Refused(outcome.id, None, DUPLICATE_ID, detail)
    return Refused(outcome.id, outcome.source, DUPLICATE_ID, detail, outcome.ra, outcome.dec)


def _published(
    store: Store,
    writer: TableWriter,
    options: AddOptions,
    named: str,
    unchanged: int,
    notes: tuple[str, ...],
    stopped: bool,
    began: float,
) -> AddReport:
    connection, old = writer.connection, writer.previous
    [(added, replaced, updated)] = connection.execute(
        "SELECT count(*) FILTER (NOT was_there), count(*) FILTER (was_there AND NOT was_same), "
        "count(*) FILTER (was_same) FROM staged"
    ).fetchall()
    rejected = count_reasons(connection)
    info = old
    if added + replaced + updated == 0 and old is None:
        if rejected:
            counts = ", ".join(f"{count:,} {reason}" for reason, count in rejected.items())
            raise BadTable(f"{named}: no image can be kept ({counts}): {first_refusals(connection)}")
        if not stopped:
            raise BadTable(f"{named} names no image")
    rejected_file = store.rejected_file(options.collection)
    if old is not None or added:
        with refusals_kept(writer, rejected_file) as all_rejected:
            if added + replaced + updated:
                info = _publish(store, writer, options, named, dict(all_rejected))
    return AddReport(
        options.collection,
        info,
        added,
        replaced,
        updated,
        unchanged,
        rejected,
        rejected_file if rejected else None,
        stopped,
        time.monotonic() - began,
        notes + _unplaced_note(info),
    )


def _publish(store: Store, writer: TableWriter, options: AddOptions, named: str, rejected: dict[str, int]) -> TableInfo:
    old = writer.previous
    unplaced = build(writer.connection, old)
    # Before the table: an image in it should have its thumbnail, and one too many does no harm.
    Thumbnails(store, options.collection).write(_thumbnails(writer))
    sources = [*(old.details.get("sources", ()) if old else ()), named][-_SOURCES_NAMED:]
    return publish(
        writer,
        unplaced,
        command=options.command,
        description=options.description or (old.description if old else f"Images of {options.collection}"),
        source="; ".join(sources),
        details={"sources": sources, "rejected": rejected},
    )


def _thumbnails(writer: TableWriter) -> Iterator[pa.RecordBatch]:
    for batch in writer.connection.sql("SELECT id, jpeg FROM staged").to_arrow_reader(_THUMBNAILS_AT_ONCE):
        yield batch.cast(SCHEMA)


def _unplaced_note(info: TableInfo | None) -> tuple[str, ...]:
    if info is None or not info.unplaced:
        return ()
    return (f"{info.unplaced:,} of {info.rows:,} images have no position: cones and keys.{info.name} pass over them",)
