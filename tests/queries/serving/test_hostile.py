"""SQL that wants files, other databases, settings, time or memory: refused or harmless."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from skyband.queries.serving import Query
from skyband.schema.errors import InputError, QueryError, SkybandError

SECRET = "the word nobody may learn"


def corpus(name: str) -> list[str]:
    """The statements of a file, one a line."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("--")]


CORPUS = corpus("hostile.sql")
TIME_LIMIT_S = 0.3


@pytest.fixture(scope="module")
def places(served: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A secret outside the store, a file that must not come to be, and the store."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.csv").write_text(f"secret\n{SECRET}\n")
    return {"secret": str(folder / "secret.csv"), "out": str(folder / "out"), "store": str(served.store.path)}


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its size and time of change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if not path.is_dir()
    }


def children(pid: int) -> list[int]:
    """Processes a process has started."""
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def open_files(pid: int) -> Iterator[str]:
    """What a process has open for writing."""
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        if handle.name == "2":  # the error output, which it has from us
            continue
        flags = int((handle.parents[1] / "fdinfo" / handle.name).read_text().split("flags:")[1].split()[0], 8)
        if flags & (os.O_WRONLY | os.O_RDWR):
            yield str(handle.readlink())


def test_the_corpus_is_large_enough() -> None:
    assert len(set(CORPUS)) >= 250


def test_hostile_sql_is_refused_or_harmless(served: Any, places: dict[str, str]) -> None:
    folders = [Path(places["secret"]).parent, served.store.path]
    before = [tree(folder) for folder in folders]
    answers: dict[str, str] = {}
    for statement in CORPUS:
        text = statement
        for name, path in places.items():
            text = text.replace(f"{{{name}}}", path)
        try:
            answers[statement] = served.sql(text, time_limit_s=TIME_LIMIT_S)
        except SkybandError as error:
            message = str(error)
            assert "\n" not in message
            assert 10 < len(message) < 600, statement
            assert SECRET not in message
            assert "process failed" not in message, (statement, message)
    # What passed the gate is about tables and numbers alone.
    assert [text for text in answers.values() if SECRET in text] == []
    passed = {statement.partition("(")[0] for statement in answers}
    assert len(passed) < 15, passed
    assert [tree(folder) for folder in folders] == before
    # The processes are whole, alone, and write nowhere but to the server.
    assert served.rows("SELECT count(*) FROM gaia") == ["3"]
    assert len(served.pool.processes) == 2
    for process in served.pool.processes:
        assert children(process.pid) == []
        assert [
            target for target in open_files(process.pid) if not target.startswith(("socket:", "/dev/", "pipe:"))
        ] == []


def test_no_adql_becomes_anything_but_one_select(served: Any, places: dict[str, str]) -> None:
    """Each query is refused, or answered with as many columns as its metadata say, and changes nothing."""
    shown = ("SELECT id, ra, g, name FROM gaia ORDER BY id", "SELECT * FROM tap_schema.columns ORDER BY ALL")
    before = [served.rows(text) for text in shown], [tree(Path(places["secret"]).parent), tree(served.store.path)]
    answered = 0
    for statement in corpus("hostile_adql.sql"):
        text = statement.replace("{secret}", places["secret"])
        try:
            content, answer = served.do(served.answer(Query(text, "adql", format="json"), 5.0))
        except InputError as error:
            assert str(error).isprintable(), statement
            assert 10 < len(str(error)) < 600, statement
            assert "please report" not in str(error), statement
            assert SECRET not in str(error), statement
            continue
        answered += 1
        assert SECRET.encode() not in content, statement
        assert places["store"].encode() not in content, statement
        assert answer.rows is not None
        assert answer.rows <= 9, statement
    assert answered > 30  # most of what hides in texts and names is harmless
    after = [served.rows(text) for text in shown], [tree(Path(places["secret"]).parent), tree(served.store.path)]
    assert after == before


def test_what_runs_is_one_select_whoever_wrote_it(served: Any) -> None:
    """Behind the gate: other statements are not run, and nothing a SELECT might hide can write."""
    from skyband.queries.adql import create_functions
    from skyband.queries.serving.engine import begin
    from skyband.queries.serving.lockdown import ENGINE, lock_engine
    from skyband.queries.serving.plans import Plan
    from skyband.queries.tap_schema import create_tap_schema
    from skyband.schema.session import Session

    session = Session(served.store.tables_folder, served.store.settings, engine=ENGINE)
    create_functions(session.connection)
    create_tap_schema(session.connection, session.tables)
    lock_engine(session.connection)
    outer = Query("", "adql")
    for text in (
        "SELECT 1) LIMIT 1; CREATE OR REPLACE VIEW gaia AS SELECT 666 AS id; SELECT * FROM (SELECT 1",
        "SELECT 1) LIMIT 1; SELECT * FROM (SELECT 1",
    ):
        with pytest.raises(QueryError, match="not one SELECT"):
            Plan(text, None).statement(session.connection.cursor(), 5)
    for text in (
        "WITH x AS (DELETE FROM tap_schema.columns RETURNING *) SELECT * FROM x",
        "WITH x AS (INSERT INTO tap_schema.schemas SELECT * FROM tap_schema.schemas RETURNING *) SELECT * FROM x",
    ):
        for quick in (True, False):
            cursor = session.connection.cursor()
            with pytest.raises((duckdb.Error, QueryError), match=r"read-only|not one SELECT"):
                begin(cursor, cursor.extract_statements(text)[0], outer, quick=quick)
            cursor.close()
    assert session.connection.execute("SELECT id FROM gaia ORDER BY id").fetchall() == [(1,), (2,), (3,)]
    session.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * 40_000,
        "(" * 1_000_000,
        "SELECT 1 " + "-" * 70_000,
        "SELECT " + "NOT " * 12_000 + "true",
        "SELECT 1" + "+1" * 20_000,
        "SELECT " + "CASE WHEN true THEN " * 2_000 + "1" + " END" * 2_000,
        "SELECT * FROM " + "(SELECT * FROM " * 190 + "gaia" + ")" * 190,
        "SELECT 1" + " UNION ALL SELECT 1" * 3_000,
        "SELECT 1 IN (" + ",".join(["1"] * 30_000) + ")",
        "SELECT " + ",".join(["1"] * 30_000),
        "WITH " + ",".join(f"c{n} AS (SELECT * FROM c{n - 1})" if n else "c0 AS (SELECT 1)" for n in range(1500))
        + " SELECT * FROM c1499",
        "SELECT * FROM gaia" + ", gaia" * 5_000,
        "SELECT \0 1",
        "SELECT '\ud800'",
    ],
    ids=lambda text: f"{text[:20]!r} of {len(text)}",
)  # fmt: skip
def test_monstrous_texts_cost_one_answer_at_most(served: Any, text: str) -> None:
    for language in ("sql", "adql"):
        try:
            served.do(served.answer(Query(text, language), 1.0))
        except SkybandError as error:
            assert len(str(error)) < 600
            assert "process failed" not in str(error)
    assert served.rows("SELECT count(*) FROM wise") == ["2"]


def test_the_lock_down_holds_without_the_gate(tmp_path: Path, places: dict[str, str], served: Any) -> None:
    """What the gate would let slip meets a database that cannot reach files."""
    from skyband.queries.serving.lockdown import ENGINE, lock_engine
    from skyband.schema.session import Session

    session = Session(served.store.tables_folder, served.store.settings, engine=ENGINE)
    lock_engine(session.connection)
    folders = [Path(places["secret"]).parent, served.store.path]
    before = [tree(folder) for folder in folders]
    learnt: list[str] = []
    slow = CORPUS.index("SELECT sleep_ms(100000)")
    for statement in CORPUS[:slow]:
        text = statement
        for name, path in places.items():
            text = text.replace(f"{{{name}}}", path)
        cursor = session.connection.cursor()
        try:
            learnt.extend(str(row) for row in cursor.execute(text).fetchall())
        except (duckdb.Error, RuntimeError):
            pass
        finally:
            cursor.close()
    assert [row for row in learnt if SECRET in row] == []
    assert [tree(folder) for folder in folders] == before
    session.close()


def test_a_query_is_a_select_of_known_things(served: Any) -> None:
    for text in (
        "FROM gaia",
        "DESCRIBE gaia",
        "SUMMARIZE keys.gaia;",
        "VALUES (1, 'a')",
        "SELECT * FROM cone('gaia', 10, 0, 1) -- nearby",
        "SELECT * FROM xmatch('gaia', 'wise', 2)",
        "WITH a AS (SELECT * FROM main.gaia), b AS (FROM a) SELECT count(*) FILTER (a.g > 1) FROM b JOIN a USING (id)",
        "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t WHERE x < 5) SELECT * FROM t",
        "SELECT id FROM gaia PIVOT (sum(g) FOR name IN ('a', 'b'))",
        "SELECT [x * 2 for x in range(10)], {'a': 1}.a, 'a' || name, name LIKE 'a%', -g, g::INTEGER FROM gaia",
        "SELECT healpix(4, ra, dec), angdist_arcsec(ra, dec, 1, 2), galactic_lat(ra, dec) FROM gaia",
        "SELECT repeat('x', 20), rpad('a', 5, '.'), printf('%05.1f', g), format('{:.2f}', g), range(3) FROM gaia",
        "SELECT row_number() OVER (PARTITION BY name ORDER BY g), COLUMNS('ra|dec') FROM gaia QUALIFY true",
        "SELECT * FROM tap_schema.columns WHERE indexed = 1",
        "SELECT 1 AS a; -- done",
        "SELECT ';' AS \"a;ä\" -- one;\n;; /* ; */ -- two",
        "; SELECT 'ä' AS a;",
        "SELECT $$;$$ AS a -- ;",
    ):  # fmt: skip
        assert served.do(served.answer(Query(text, "sql")))[1].rows


def test_only_tables_with_positions_are_searched(served: Any) -> None:
    for text in (
        "SELECT * FROM cone('keys.gaia', 10, 0, 1)",
        "SELECT * FROM cone('main.gaia', 10, 0, 1)",
        "SELECT * FROM cone('tap_schema.tables', 10, 0, 1)",
        "SELECT * FROM xmatch('gaia', 'keys.wise', 1)",
    ):
        with pytest.raises(QueryError, match="takes the name of a table with positions in quotes first: gaia, wise"):
            served.sql(text)
    assert served.rows("SELECT id FROM cone('GAIA', 10, 0, 1e-4)") == ["1"]


def test_the_functions_of_adql_are_for_adql(served: Any) -> None:
    for expression, expected in (
        ("CONTAINS(POINT(ra, dec), POLYGON(9, -1, 11, -1, 11, 1, 9, 1))", "1"),
        ("INTERSECTS(CIRCLE(ra, dec, 1), POLYGON(9, -1, 11, -1, 11, 1, 9, 1))", "1"),
        ("CONTAINS(BOX(ra, dec, 0.1, 0.1), POLYGON(9, -1, 11, -1, 11, 1, 9, 1))", "1"),
        ("INTERSECTS(BOX(ra, dec, 0.1, 0.1), POLYGON(9, -1, 11, -1, 11, 1, 9, 1))", "1"),
        ("ROUND(AREA(BOX(ra, dec, 1, 1)), 3)", "1.0"),
        ("ROUND(COORD1(CENTROID(BOX(ra, dec, 1, 1))), 6)", "10.0"),
        ("COORD1(ivo_healpix_center(0, 4))", "0.0"),
        ("ROUND(COORD2(ivo_geom_transform('ICRS', 'GALACTIC', POINT(ra, dec))), 1)", "-62.7"),
    ):
        query = Query(f"SELECT {expression} AS v FROM gaia WHERE id = 1", "adql", format="csv")
        assert served.do(served.answer(query))[0].decode().split() == ["v", expected], expression
    for text in ("adql_histogram(ra, 0, 360, 100000000)", "adql_flag(true)", "adql_polygon_area([1, 2])"):
        with pytest.raises(QueryError, match="there is no function"):
            served.sql(f"SELECT {text} FROM gaia")
