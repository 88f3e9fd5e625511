"""The candidates of a scored table: rare objects, ranked, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyband.models.candidates.isolation import GROUPS, isolation_ranks
from skyband.models.candidates.kind import Kind, choose_kinds
from skyband.models.candidates.scored import ISOLATION, ScoredTable, where_ids
from skyband.models.features import FeatureOptions
from skyband.queries.crossmatch import check_free
from skyband.queries.sky import Sky
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.faults import duckdb_faults
from skyband.schema.names import quote_text
from skyband.schema.progress import Note
from skyband.schema.sql import fill_sql, limit_rows, load_sql
from skyband.schema.store import Store
from skyband.schema.writer import write_table

if TYPE_CHECKING:
    import pyarrow as pa

PACKAGE = "skyband.models.candidates"

COLUMNS = (
    Column("rank", "BIGINT", ucd="meta.number", description="Place among the candidates of its kind, 1 the surest"),
    Column("score", "FLOAT", ucd="stat.probability", description="How sure it is, 0 to 1"),
    Column("kind", "VARCHAR", ucd="src.class", description="Kind of rare object"),
    Column("reasons", "VARCHAR", ucd="meta.note", description="Why, in words"),
    Column("id", "VARCHAR", ucd="meta.id", description="Id in the table"),
    Column("ra", "DOUBLE", "deg", "pos.eq.ra;meta.main", description="Right ascension, ICRS", role="ra"),
    Column("dec", "DOUBLE", "deg", "pos.eq.dec;meta.main", description="Declination, ICRS", role="dec"),
    Column("mag", "FLOAT", "mag", "phot.mag", description="Magnitude for the planning of exposures, in its own system"),
    Column("band", "VARCHAR", ucd="instr.bandpass", description="Band of mag"),
    Column("class", "VARCHAR", ucd="src.class", description="Likeliest class by the model"),
    Column("safety", "VARCHAR", ucd="meta.code.qual", description="safe, extrapolation or unsafe"),
)


@dataclass(frozen=True)
class CandidateOptions:
    """What is looked for.

    Attributes:
        kinds: their names; every kind if empty.
        most: candidates of each kind.
        least_score: that a candidate has, 0 to 1.
        where: SQL condition on the rows of the table; all if empty.
        prefix: of the names of the scores.
        seed: of everything drawn at random.

    Raises:
        BadOption: a number is out of its range.
    """

    kinds: tuple[str, ...] = ()
    most: int = 20
    least_score: float = 0.5
    where: str = ""
    prefix: str = ""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.most < 1 or not 0 <= self.least_score <= 1:
            raise BadOption(f"{self.most} candidates of a score of {self.least_score:g}: give 1 or more, and 0 to 1")


@dataclass(frozen=True)
class Candidates:
    """What was found.

    Attributes:
        rows: the candidates, `COLUMNS`, kind after kind by rank.
        found: rows of the table that are candidates of each kind, of which `rows` has the best.
        skipped: kinds that the table cannot tell, and what it lacks for them.
    """

    rows: pa.Table
    found: Mapping[str, int]
    skipped: Mapping[str, tuple[str, ...]]


def find_candidates(
    sky: Sky,
    table: str,
    options: CandidateOptions | None = None,
    *,
    inputs: FeatureOptions | None = None,
    note: Note = lambda text: None,
) -> Candidates:
    """Look for rare objects among the rows of a scored table.

    Args:
        sky: an open store.
        table: its name.
        options: what is looked for.
        inputs: where the inputs of features are; those it does not tell are where the model's training had them.
        note: told what is being done.

    Raises:
        TableNotFound: there is no such table.
        BadTable: it was not scored, or lacks what every wanted kind needs.
        BadOption: there is no such kind, or an input is not where it was said to be.
        QueryError: the condition is none.
    """
    import pyarrow as pa

    options = options or CandidateOptions()
    kinds = choose_kinds(options.kinds)
    scored = ScoredTable.open(sky, table, inputs, options.prefix)
    skipped = {kind.name: lacks for kind in kinds if (lacks := scored.missing_for(kind))}
    wanted = [kind for kind in kinds if kind.name not in skipped]
    if not wanted:
        name, lacks = next(iter(skipped.items()))
        raise BadTable(f"table {table!r} cannot tell {', '.join(skipped)}: {name} needs {' and '.join(lacks)}")
    given = {"wanted_rows": pa.table({"id": where_ids(sky, scored.info, options.where)})} if options.where else {}
    if any(ISOLATION in kind.needs for kind in wanted):
        note(f"growing an isolation forest on the features of {table}")
        given["isolation_ranks"] = isolation_ranks(scored.feature_table(groups=GROUPS), options.seed)
    found, parts = {}, []
    with duckdb_faults(f"cannot look for candidates in {table!r}"):
        cursor = sky.connection.cursor()
        cursor.execute(load_sql(PACKAGE, "macros"))
        for name, rows in given.items():
            cursor.register(name, rows)
        for kind in wanted:
            note(f"{kind.name}: {kind.title}")
            best = cursor.sql(_query(scored, kind, options)).to_arrow_table()
            found[kind.name] = best["found"][0].as_py() if len(best) else 0
            parts.append(best.drop_columns("found"))
    return Candidates(pa.concat_tables(parts), found, skipped)


def publish_candidates(
    store: Store, into: str, candidates: Candidates, source: TableInfo, *, command: str, replace: bool = False
) -> TableInfo:
    """Keep candidates as a table, in which `candidate`, their kind and id, is the id.

    Raises:
        TableExists: there is one of that name, and it is not to be replaced.
        BadTable: the candidates have no positions.
        BadName: the name cannot name a table.
        TableLocked, StorageError, ResourceLimit: it cannot be written.
    """
    if source.role("ra") is None:
        raise BadTable(
            f"table {source.name!r} has no positions, so its candidates cannot be kept: write them by -o FILE"
        )
    check_free(store, into, replace=replace)
    identity = Column("candidate", "VARCHAR", ucd="meta.id;meta.main", description="Kind and id", role="id")
    with write_table(store, into) as writer:
        writer.connection.register("candidate_rows", candidates.rows)
        writer.connection.execute(fill_sql(PACKAGE, "publish", rows="candidate_rows"))
        return writer.publish(
            action="candidates",
            command=command,
            columns={column.name: column for column in (identity, *COLUMNS)},
            description=f"Candidates for spectroscopy among {source.name}",
            source=source.name,
            epoch=source.epoch,
            details={
                "found": dict(candidates.found),
                "skipped": {name: list(lacks) for name, lacks in candidates.skipped.items()},
            },
        )


def _query(scored: ScoredTable, kind: Kind, options: CandidateOptions) -> str:
    rows = scored.rows_sql(
        kind,
        isolation="isolation_ranks" if ISOLATION in kind.needs else "",
        ids="wanted_rows" if options.where else "",
    )
    parts = scored.curves_parts() if "light_curves" in kind.needs else {}
    mag, band = _brightness([name for name in kind.bands if f"{name}_mag" in kind.uses])
    return fill_sql(
        PACKAGE,
        "candidates",
        found=kind.sql(rows=rows, **parts),
        kind=quote_text(kind.name),
        mag=mag,
        band=band,
        least=repr(options.least_score),
        most=limit_rows(options.most),
    )


def _brightness(bands: Sequence[str]) -> tuple[str, str]:
    """The first magnitude that was measured, and its band."""
    cases = "".join(f" WHEN {band}_mag IS NOT NULL THEN {quote_text(band)}" for band in bands)
    return f"coalesce({', '.join(f'{band}_mag' for band in bands)}, NULL)", f"CASE{cases} END"
