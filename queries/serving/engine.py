"""The database of a query process: locked down, always on the newest tables, one query at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from skyband.queries.adql import create_functions
from skyband.queries.cones import Cone, ConeSearch
from skyband.queries.formats import FORMATS, Info, encode
from skyband.queries.likeness.in_sql import Call, find_calls, replace_calls
from skyband.queries.likeness.neighbours import IdsWhere, Neighbours
from skyband.queries.result import ArrowRows, Result
from skyband.queries.serving.gate import check_length
from skyband.queries.serving.lockdown import ENGINE, allow_files, lock_engine
from skyband.queries.serving.plans import Plans
from skyband.queries.serving.question import Query
from skyband.queries.serving.uploads import SCHEMA as UPLOADS
from skyband.queries.serving.uploads import UploadReader, Uploads
from skyband.queries.tap_schema import create_tap_schema
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, TableNotFound
from skyband.schema.faults import duckdb_faults
from skyband.schema.session import Session, table_stamps
from skyband.schema.settings import Settings
from skyband.schema.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

_QUICK_ROWS = 100_000
"""Rows of an answer that may be collected before they are sent."""

_CROWDED = 100
"""So many times more rows than elsewhere are where a table is crowded."""

_SPOOLED = {"fits"}
"""Formats whose encoder keeps the rows in a temporary file."""


@dataclass(slots=True)
class Reply:
    """An answer on its way."""

    columns: tuple[Column, ...]
    content_type: str
    chunks: Iterator[bytes] = field(default_factory=lambda: iter(()))
    rows: int = 0
    truncated: bool = False
    likeness: Any = None  # of what `similar(...)` stands for: facts of one call, or a list of those of several
    sent_bytes: int = 0  # of the encoded answer, counted by whoever takes the chunks


class Engine:
    """A locked-down session that is opened anew when a table was published or dropped.

    ATTACH is impossible once DuckDB is locked down, so `Session.refresh` cannot work here. A new DuckDB instance,
    locked down in its turn, takes about 0.1 s for a few tables; a new process would take a second, and lose what it
    has imported. To see that nothing changed takes one look at the folder, tens of microseconds.
    """

    def __init__(self, tables_folder: Path, settings: Settings, reader: UploadReader | None = None) -> None:
        """Open the tables and lock the database down.

        Args:
            tables_folder: of the store.
            settings: limits.
            reader: reads uploaded files; None for no uploads.
        """
        self.folder = tables_folder
        self._settings = replace(settings, memory_gb=settings.query_memory_gb)
        self._reader = reader
        self._neighbours = Neighbours(Store.open(replace(self._settings, store=str(tables_folder.parent))))
        self._open()

    def _open(self) -> None:
        self._stamps = table_stamps(self.folder)
        self._session = Session(self.folder, self._settings, engine=ENGINE)
        self.connection = self._session.connection
        create_functions(self.connection)
        create_tap_schema(self.connection, self._session.tables)
        self._uploads = Uploads(self.connection, self._reader, self._settings)
        self._plans = Plans(self.connection, self._session.tables)
        self._searches: dict[str, ConeSearch] = {}
        self._cursor: duckdb.DuckDBPyConnection | None = None
        lock_engine(self.connection)

    def refresh(self) -> None:
        """See the tables as they are now."""
        if table_stamps(self.folder) != self._stamps:
            self._session.close()
            self._open()

    def interrupt(self) -> None:
        """Stop what DuckDB does now, from another thread."""
        cursor = self._cursor
        if cursor is not None:
            with suppress(duckdb.Error):  # it may be closed by now
                cursor.interrupt()

    def answer(self, query: Query) -> Reply:
        """Bind a query; rows are computed as `chunks` is read. `finish` must follow, whatever happens.

        Raises:
            QueryError, BadOption: the query or its format is wrong.
            BadName, BadFile, ResourceLimit: an uploaded table is.
        """
        if query.format not in FORMATS:
            raise BadOption(f"unknown format {query.format!r}: give one of {', '.join(FORMATS)}")
        self.refresh()
        self._cursor = cursor = self.connection.cursor()
        if query.language == "cone":
            search = self._search(query.text)
            with duckdb_faults("search failed"):
                rows, columns = search.rows(cursor, _cone(query)), search.columns
        elif query.language == "votes":
            return self._votes(cursor, query)
        else:
            self._uploads.load(query.uploads)
            query, facts = self._with_neighbours(cursor, query)
            rows, columns = self._ask(cursor, query)
            allow_files(query.format in _SPOOLED)
            return self._reply(query, rows, columns, facts)
        allow_files(query.format in _SPOOLED)
        return self._reply(query, rows, columns)

    def _with_neighbours(
        self, cursor: duckdb.DuckDBPyConnection, query: Query
    ) -> tuple[Query, Sequence[Mapping[str, Any]]]:
        """The query with a table in the place of each `similar(...)`, and how each was found, in their order.

        Raises:
            QueryError: the text costs more to read than it can be worth, or a call has wrong arguments.
        """
        check_length(query.text)
        facts: list[Mapping[str, Any]] = []

        def neighbours(call: Call) -> str:
            name = f"similar_{len(self._uploads.columns) + 1}"
            found = self._neighbours.of(call, self._ids_where(cursor), query.vectors)
            self._uploads.add(name, found.rows, found.columns)
            facts.insert(0, found.facts)  # the last call is replaced first
            return f"{UPLOADS}.{name}"

        text = replace_calls(query.text, neighbours)
        return (query if text == query.text else replace(query, text=text, shown=query.shown or query.text)), facts

    def _ids_where(self, cursor: duckdb.DuckDBPyConnection) -> IdsWhere:
        def ids_where(condition: str) -> pa.ChunkedArray:
            # It comes from a user, and passes the gate as any query does.
            plan = self._plans.plan(cursor, Query(condition, "sql"), self._uploads.columns)
            with duckdb_faults("condition failed"):
                rows = cursor.execute(plan.statement(cursor, self._settings.query_max_rows)).to_arrow_table()
            assert rows is not None, "a SELECT has a result"
            return rows.column("id")

        return ids_where

    def _votes(self, cursor: duckdb.DuckDBPyConnection, query: Query) -> Reply:
        """What volunteers said of the neighbours of one target."""
        from skyband.queries.morphology.of_neighbours import VotesWanted, votes_document, votes_of

        check_length(query.text)
        wanted = VotesWanted(**{name: str(value) for name, value in query.parameters.items()})
        [call] = find_calls(f"FROM {query.text}")
        asked = self._neighbours.of_one(call, self._ids_where(cursor), query.vectors)
        document = votes_document(asked, votes_of(self.connection, self._session.tables, wanted, asked))
        return Reply((), FORMATS["json"].mime, iter([document]), rows=asked.found.table.num_rows)

    def answer_together(self, queries: Sequence[Query]) -> list[Reply | None]:
        """Search some cones of one table at once; None for one that has many rows. `finish` must follow here too.

        Raises:
            SkybandError: not all of them can be answered.
        """
        self.refresh()
        self._cursor = cursor = self.connection.cursor()
        search = self._search(queries[0].text)
        with duckdb_faults("search failed"):
            found = search.rows_together(cursor, [_cone(query) for query in queries])
        allow_files(any(query.format in _SPOOLED for query in queries))
        return [
            None if rows is None else self._reply(query, rows, search.columns)
            for query, rows in zip(queries, found, strict=True)
        ]

    def _reply(
        self, query: Query, rows: ArrowRows, columns: tuple[Column, ...], facts: Sequence[Mapping[str, Any]] = ()
    ) -> Reply:
        max_rows = self._most_rows(query)
        result = Result(rows, columns, query=query.shown or query.text, batch_rows=self._settings.batch_rows)
        stream = result.stream(name=query.name)
        reply = Reply(columns, FORMATS[query.format].mime)
        stream.batches = self._limited(stream.batches, max_rows, reply)
        infos, members = query.infos, {}
        if facts:
            reply.likeness = facts[0] if len(facts) == 1 else facts
            if query.format == "json":
                members = {"likeness": reply.likeness}
            else:
                infos += tuple(info for one in facts for info in _likeness_infos(one))
        reply.chunks = encode(stream, query.format, infos=infos, trailer=lambda: _trailer(reply), members=members)
        return reply

    def _most_rows(self, query: Query) -> int:
        most = self._settings.query_max_rows
        return most if query.max_rows is None else min(query.max_rows, most)

    def _search(self, table: str) -> ConeSearch:
        search = self._searches.get(table)
        if search is None:
            info = self._session.tables.get(table)
            if info is None:
                raise TableNotFound(f"table {table!r} was dropped a moment ago")
            search = self._searches[table] = ConeSearch(info, standard=True)
        return search

    def _ask(self, cursor: duckdb.DuckDBPyConnection, query: Query) -> tuple[ArrowRows, tuple[Column, ...]]:
        max_rows = self._most_rows(query)
        uploads = self._uploads.columns
        plan = self._plans.plan(cursor, query, uploads)
        with duckdb_faults("query failed"):
            # One row more than wanted tells whether there are more.
            statement = plan.statement(cursor, max_rows + 1 if max_rows else 0)
            most = max_rows if plan.bound is not None else inf
            quick = min(most, _CROWDED * plan.expected_rows) <= _QUICK_ROWS
            rows, names, types = begin(cursor, statement, query, quick=quick)
        return rows, self._plans.columns(plan, names, types, uploads)

    def finish(self) -> None:
        """Forget the query and what was uploaded for it."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.close()
        self._uploads.clear()
        allow_files(False)

    def _limited(self, batches: Iterator[pa.RecordBatch], max_rows: int, reply: Reply) -> Iterator[pa.RecordBatch]:
        """The batches, cut at `max_rows` and where the answer takes too many bytes."""
        arrow_bytes = 0
        last: pa.RecordBatch | None = None
        reply.truncated = max_rows == 0
        for batch in batches:
            room = max_rows - reply.rows
            most_bytes = self._settings.result_max_bytes
            if not batch.num_rows:
                continue
            # To count takes longer than to encode a few rows, and of an answer's only batch nobody wants to know.
            arrow_bytes += last.nbytes if last is not None else 0
            if room == 0 or max(arrow_bytes, reply.sent_bytes) >= most_bytes:
                reply.truncated = True
                return
            batch = batch.slice(0, room) if (cut := batch.num_rows > room) else batch
            last = batch
            reply.rows += batch.num_rows
            yield batch
            if cut:
                reply.truncated = True
                return


def _cone(query: Query) -> Cone:
    return Cone(*(float(query.parameters[name]) for name in ("ra", "dec", "radius_deg")))


def begin(
    cursor: duckdb.DuckDBPyConnection, statement: duckdb.Statement, query: Query, *, quick: bool
) -> tuple[ArrowRows, list[str], list[str]]:
    """The rows of a query, the names of their columns and the DuckDB types.

    A relation is bound twice but streams; what `execute` gives is bound once, and collected before it is Arrow.
    """
    values = dict(query.parameters) or None
    # Should all that judged it be wrong, it still cannot change what later queries see.
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    if quick:
        cursor.execute(statement, values)
        described = cursor.description or []
        return cursor, [item[0] for item in described], [str(item[1]) for item in described]
    relation = cursor.sql(statement, params=values)
    assert relation is not None, "a SELECT has a result"
    return relation, list(relation.columns), [str(type_) for type_ in relation.types]


def _likeness_infos(facts: Mapping[str, Any]) -> Iterator[Info]:
    """What a VOTable says of how neighbours were found, and how many were left out."""
    for name in ("searched", "recall", "rows", "chosen"):
        yield Info(f"likeness_{name}", str(facts[name]))
    for name, count in facts["dropped"].items():
        yield Info(f"likeness_dropped_{name}", str(count))
    for one in facts.get("positions", ()):
        yield Info("likeness_position", one["target"], f"image {one['id']}, {one['sep_arcsec']:.3f} arcsec away")


def _trailer(reply: Reply) -> Iterable[Info]:
    return [Info("QUERY_STATUS", "OVERFLOW")] if reply.truncated else []
