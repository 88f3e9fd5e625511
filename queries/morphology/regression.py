"""Morphology regression from neighbours: what the votes on the nearest galaxies say of one, and how right that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from skyband.queries.morphology.asking import answers_sql, ask, sql_of
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.votes import Votes
from skyband.schema.columns import Column, find_column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.faults import duckdb_faults
from skyband.schema.names import quote, quote_text

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Targets:
    """Numbers of galaxies that neighbours shall tell."""

    sql: str  # relation of (id text, target, value, noise)

    @classmethod
    def of_votes(cls, votes: Votes, options: MorphologyOptions, kind: str = "conditional") -> Targets:
        """The fractions of the features of a tree, on galaxies whose question was reached.

        Args:
            votes: the table.
            options: how answers are counted; `least_votes` on the question make a galaxy count.
            kind: "conditional" or "joint".

        Raises:
            BadOption: the table lacks the columns of the measure.
        """
        answers = answers_sql(votes, options, f"(FROM {votes.relation})", f"{quote(votes.id.name)}::VARCHAR AS id")
        return cls(
            "(SELECT id, feature AS target, share AS value, share * (1 - share) / votes AS noise "
            f"FROM {answers} WHERE kind = {quote_text(kind)})"
        )

    @classmethod
    def of_columns(cls, relation: str, columns: Sequence[Column], id: str, targets: Sequence[str]) -> Targets:
        """Columns of numbers of any relation (trusted SQL), known without noise.

        Raises:
            BadTable: a column is not there.
        """
        for name in (id, *targets):
            if find_column(columns, name) is None:
                raise BadTable(f"there is no column {name!r} for a regression")
        listed = ", ".join(
            f"{{'target': {quote_text(name)}, 'value': {quote(name)}::DOUBLE, 'noise': 0::DOUBLE}}" for name in targets
        )
        return cls(f"(SELECT {quote(id)}::VARCHAR AS id, unnest([{listed}], recursive := true) FROM {relation})")


@dataclass(frozen=True, slots=True)
class Score:
    """How right the estimates of one target are."""

    target: str
    n: int  # queries with an estimate and an answer of their own
    r2: float | None  # 1 - squared errors / squared deviations from the mean
    rmse: float
    mae: float
    bias: float  # mean of estimate - answer
    coverage: float | None  # share of answers inside their intervals
    noise_rmse: float  # error that the finite number of votes alone makes
    best_r2: float | None  # what no estimate can beat for that reason

    def to_json(self) -> dict[str, Any]:
        """The score as a JSON object."""
        return asdict(self)


def knn_regression(connection: duckdb.DuckDBPyConnection, neighbours: pa.Table, targets: Targets, k: int) -> pa.Table:
    """Estimate each query's numbers from those of its neighbours.

    Args:
        connection: of an open store, which sees the targets.
        neighbours: `query`, `id` (text or integers) and `similarity` (cosine), a row a pair; rows of a query with
            itself do not count.
        targets: what to estimate.
        k: neighbours asked at most, the most similar ones.

    Returns:
        A row a query and target: query, target, n, estimate, standard_error, prediction_error (see `knn.sql`).

    Raises:
        BadOption: k is below 1.
        BadTable: a column of the neighbours is missing.
    """
    with estimated(connection, [neighbours], targets, k) as cursor:
        return ask(cursor, "FROM temp.estimates ORDER BY query, target")


def leave_one_out(
    connection: duckdb.DuckDBPyConnection, neighbours: pa.Table, targets: Targets, k: int, confidence: float = 0.95
) -> tuple[Score, ...]:
    """Estimate galaxies whose numbers are known from their neighbours, without themselves, and compare.

    An interval is the estimate and as many prediction errors as Student's t with n - 1 degrees of freedom asks for.

    Args:
        connection: of an open store, which sees the targets.
        neighbours: as `knn_regression` takes them; the queries are galaxies with targets.
        targets: what to estimate.
        k: neighbours asked at most.
        confidence: share of the answers that the intervals should hold.

    Raises:
        BadOption: k is below 1, or the confidence impossible.
        BadTable: a column of the neighbours is missing.
    """
    with estimated(connection, [neighbours], targets, k) as cursor:
        return scores_of(cursor, k, confidence)


def scores_of(cursor: duckdb.DuckDBPyConnection, k: int, confidence: float) -> tuple[Score, ...]:
    """How right the estimates of a cursor of `estimated` are, of queries that have targets of their own.

    Args:
        cursor: with the estimates.
        k: neighbours that were asked at most.
        confidence: share of the answers that the intervals should hold.

    Raises:
        BadOption: the confidence is impossible.
    """
    if not 0 < confidence < 1:
        raise BadOption(f"confidence must lie between 0 and 1, not {confidence}")
    sql = sql_of("knn_scores", estimates="temp.estimates", values="temp.targets", limits=f"[{_limits(k, confidence)}]")
    return tuple(Score(**row) for row in ask(cursor, sql).to_pylist())


@contextmanager
def estimated(
    connection: duckdb.DuckDBPyConnection, neighbours: Iterable[pa.Table], targets: Targets, k: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor with the temporary tables `targets` and `estimates` (see `knn.sql`).

    Args:
        connection: of an open store, which sees the targets.
        neighbours: as `knn_regression` takes them, in parts: all those of a query in one.
        targets: what to estimate.
        k: neighbours asked at most.

    Raises:
        BadOption: k is below 1.
        BadTable: a column of the neighbours is missing.
    """
    if k < 1:
        raise BadOption(f"k must be 1 or more, not {k}")
    pairs = "(SELECT query::VARCHAR AS query, id::VARCHAR AS id, similarity::DOUBLE AS similarity FROM given_pairs)"
    knn = sql_of("knn", neighbours=pairs, k=str(k), values="temp.targets")
    with connection.cursor() as cursor:
        with duckdb_faults("the regression failed"):
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE targets AS FROM {targets.sql}")
        is_first = True
        for part in neighbours:
            for name in ("query", "id", "similarity"):
                if name not in part.column_names:
                    raise BadTable(
                        f"neighbours need a column {name!r}; they have {', '.join(part.column_names) or 'none'}"
                    )
            cursor.register("given_pairs", part)
            with duckdb_faults("the regression failed"):
                into = "CREATE OR REPLACE TEMP TABLE estimates AS" if is_first else "INSERT INTO temp.estimates"
                cursor.execute(f"{into} {knn}")
            is_first = False
        yield cursor


def _limits(k: int, confidence: float) -> str:
    from scipy.special import stdtrit

    degrees = range(1, k)
    return ", ".join(["NULL::DOUBLE", *(f"{float(stdtrit(n, (1 + confidence) / 2))!r}::DOUBLE" for n in degrees)])
