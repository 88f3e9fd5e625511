from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb
import pytest

from skyband.queries.lineage import trace_columns
from skyband.schema.columns import Column
from skyband.schema.units import check_ucd, is_vounit
from tests.queries.lineage_tables import (
    BP,
    DEC,
    FLUXES,
    GAIA,
    ID,
    KEYS,
    MACROS,
    MATCHED,
    NAME,
    PIXEL,
    PLX,
    PLX_ERROR,
    PMDEC,
    PMRA,
    RA,
    RP,
    T_ID,
    T_RA,
    TABLES,
    TMASS_ID,
    H,
    J,
    bare,
    named,
    tables,
    told,
    trace,
    value,
)


@pytest.fixture(scope="module")
def sky() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name, columns in TABLES.items():
            if "." not in name:
                connection.execute(f"CREATE TABLE {name} ({', '.join(f'{c.name} {c.type}' for c in columns)})")
        connection.execute(
            "CREATE SCHEMA keys; CREATE VIEW keys.gaia AS SELECT source_id AS id, ra, dec FROM main.gaia"
        )
        connection.execute(MACROS)
        yield connection


NUMBER = Column("n", "INTEGER")
SOURCES: dict[str, tuple[Column, ...]] = {
    # Names, aliases and stars
    "SELECT RA, Gaia.dec AS d, (ra) AS r FROM GAIA": (RA, named("d", DEC), named("r", RA)),
    "SELECT r: ra, dec FROM gaia": (named("r", RA), DEC),
    "SELECT ra, ra FROM gaia": (RA, RA),
    "SELECT main.gaia.ra, g.dec FROM main.gaia, gaia g": (Column("ra", "DOUBLE"), DEC),
    "SELECT * FROM gaia": GAIA,
    "FROM gaia": GAIA,
    "TABLE gaia": GAIA,
    "FROM gaia SELECT dec, ra LIMIT 3": (DEC, RA),
    "SELECT * FROM keys.gaia": KEYS,
    "SELECT keys.gaia.ra, gaia.id FROM keys.gaia": (RA, KEYS[0]),
    "SELECT j, t.* EXCLUDE (parts, j), h FROM tmass AS t": (J, TMASS_ID, T_ID, T_RA, H, H),
    "SELECT * EXCLUDE ra FROM keys.gaia": (KEYS[0], DEC),
    "SELECT * REPLACE (dec AS ra, id + 1 AS id) FROM keys.gaia": (Column("id", "BIGINT"), named("ra", DEC), DEC),
    "SELECT * RENAME (ra AS lon, dec AS lat) FROM keys.gaia": (KEYS[0], named("lon", RA), named("lat", DEC)),
    "SELECT * EXCLUDE (id) REPLACE (ra AS dec) RENAME (ra AS b) FROM keys.gaia": (named("b", RA), named("dec", RA)),
    "SELECT k.* RENAME (id AS gaia_id) FROM keys.gaia k": (named("gaia_id", KEYS[0]), RA, DEC),
    "SELECT * LIKE 'p%a%' FROM gaia": (PMRA, PLX, PLX_ERROR),
    "SELECT * NOT LIKE '%a%' FROM keys.gaia": (KEYS[0], DEC),
    "SELECT * ILIKE '_P' FROM gaia": (BP, RP),
    "SELECT g.* NOT ILIKE '%A%', t.* ILIKE '_' FROM keys.gaia g, tmass t": (KEYS[0], DEC, J, H),
    "SELECT * GLOB 'pm*' FROM gaia": (PMRA, PMDEC),
    "SELECT * SIMILAR TO 'm(r|d)' FROM gaia": (PMRA, PMDEC),
    "SELECT * NOT SIMILAR TO '[a-z]+' FROM gaia": (ID, PLX_ERROR, PIXEL),
    "SELECT COLUMNS('^pm') FROM gaia": (PMRA, PMDEC),
    "SELECT COLUMNS('^pm(.*)') AS 'mu_\\1' FROM gaia": (named("mu_ra", PMRA), named("mu_dec", PMDEC)),
    "SELECT COLUMNS(['rp', 'BP']) FROM gaia": (BP, RP),
    "SELECT COLUMNS(* EXCLUDE (ra)) FROM keys.gaia": (KEYS[0], DEC),
    "SELECT COLUMNS(k.*) FROM keys.gaia k, tmass": KEYS,
    "SELECT COLUMNS(lambda c: c LIKE 'r%'), dec FROM keys.gaia": (Column("ra", "DOUBLE"), DEC),
    "SELECT round(COLUMNS('[br]p'), 1) FROM gaia": (value(BP), value(RP)),
    "SELECT #2 FROM gaia": (RA,),
    "SELECT g FROM keys.gaia g": (Column("g", 'STRUCT(id BIGINT, ra DOUBLE, "dec" DOUBLE)'),),
    "SELECT parts.a, t.parts.b FROM tmass t": (Column("a", "INTEGER"), Column("b", "INTEGER")),
    "SELECT h, parts.*, j FROM tmass": (H, Column("a", "INTEGER"), Column("b", "INTEGER"), J),
    "SELECT h, unnest(parts), j FROM tmass": (H, Column("a", "INTEGER"), Column("b", "INTEGER"), J),
    "SELECT rowid, ra FROM gaia": (Column("rowid", "BIGINT"), RA),
    # Aliases of the select list: a column of that name goes first
    "SELECT bp AS b, b AS again, ra AS dec, dec AS d FROM gaia": (
        named("b", BP), named("again", BP), named("dec", RA), named("d", DEC),
    ),
    # Joins
    "SELECT * EXCLUDE (parts) FROM keys.gaia, tmass": (*KEYS, TMASS_ID, T_ID, T_RA, J, H),
    "SELECT ra FROM (SELECT ra, source_id FROM gaia) JOIN (SELECT source_id FROM tmass) USING (source_id)": (RA,),
    "SELECT * FROM (SELECT source_id, bp FROM gaia) g JOIN (SELECT h, source_id FROM tmass) t USING (source_id)": (
        ID, BP, H,
    ),
    "SELECT source_id, t.source_id AS other FROM gaia LEFT JOIN tmass t USING (SOURCE_ID)": (
        ID, named("other", T_ID),
    ),
    "SELECT source_id, gaia.source_id AS g FROM gaia RIGHT JOIN tmass USING (source_id)": (T_ID, named("g", ID)),
    "SELECT source_id FROM gaia FULL JOIN tmass USING (source_id)": (Column("source_id", "BIGINT"),),
    "SELECT source_id FROM gaia FULL JOIN gaia g2 USING (source_id)": (ID,),
    "SELECT * FROM (SELECT ra, bp FROM gaia) NATURAL JOIN (SELECT ra, h FROM tmass)": (RA, BP, H),
    "SELECT * FROM keys.gaia SEMI JOIN tmass ON id = source_id": KEYS,
    "SELECT * FROM keys.gaia ANTI JOIN tmass ON id = source_id": KEYS,
    "SELECT k.*, j FROM keys.gaia k POSITIONAL JOIN tmass": (*KEYS, J),
    "SELECT k.dec, h FROM keys.gaia k ASOF JOIN tmass t ON k.id = t.source_id AND k.ra >= t.ra": (DEC, H),
    "SELECT b.ra_1, b.j FROM (keys.gaia JOIN tmass ON id = source_id) AS b": (named("ra_1", T_RA), J),
    "SELECT * FROM ((keys.gaia k SEMI JOIN tmass ON id = source_id))": KEYS,
    "SELECT k.ra, t.ra FROM (keys.gaia k JOIN tmass t ON id = source_id)": (RA, T_RA),
    # Subqueries
    "SELECT s.* FROM (SELECT ra AS lon, dec FROM gaia) s": (named("lon", RA), DEC),
    "SELECT b, dec FROM (SELECT ra, dec FROM gaia) AS s(b)": (named("b", RA), DEC),
    "SELECT b, c FROM gaia AS g(a, b, c)": (named("b", RA), named("c", DEC)),
    "SELECT * FROM (SELECT k.ra, t.ra FROM keys.gaia k, tmass t)": (RA, named("ra_1", T_RA)),
    "SELECT (SELECT ra FROM gaia LIMIT 1) AS one": (named("one", RA),),
    "SELECT (SELECT g.bp FROM tmass t WHERE t.source_id = g.source_id LIMIT 1) AS b FROM gaia g": (named("b", BP),),
    "SELECT l.* FROM gaia g, LATERAL (SELECT g.bp, g.bp - g.rp AS bp_rp) l": (
        BP, Column("bp_rp", "FLOAT", "mag", "phot.color;em.opt.B;em.opt.R"),
    ),
    "SELECT q FROM gaia JOIN (SELECT gaia.ra AS q) ON true": (named("q", RA),),
    "SELECT c.ra, d FROM gaia g JOIN LATERAL (SELECT g.dec) l(d) ON true, tmass c": (T_RA, named("d", DEC)),
    # CTEs
    "WITH bright AS (SELECT ra, bp FROM gaia WHERE bp < 10) SELECT b.bp, ra FROM bright b": (BP, RA),
    "WITH c(x) AS (SELECT ra, dec FROM gaia) FROM c": (named("x", RA), DEC),
    "WITH a AS (FROM keys.gaia), b AS MATERIALIZED (SELECT id, ra FROM a) SELECT b.* FROM b, a": (KEYS[0], RA),
    "WITH gaia AS (SELECT ra FROM gaia) SELECT * FROM gaia": (RA,),
    "WITH c AS (SELECT ra FROM gaia) SELECT * FROM (WITH c AS (SELECT dec FROM gaia) FROM c)": (DEC,),
    "WITH RECURSIVE walk(n, r, b) AS (SELECT 1, ra, bp FROM gaia UNION ALL SELECT n + 1, r, dec FROM walk, gaia"
    " WHERE n < 3) SELECT * FROM walk": (NUMBER, named("r", RA), Column("b", "FLOAT")),
    "WITH RECURSIVE up AS (SELECT NULL::DOUBLE AS r, 0 AS n UNION ALL SELECT ra, n + 1 FROM up, gaia) FROM up": (
        named("r", RA), NUMBER,
    ),
    "WITH RECURSIVE k(n, r) USING KEY (n) AS (SELECT 1, ra FROM gaia UNION SELECT n + 1, r FROM k WHERE n < 3)"
    " SELECT r FROM k": (named("r", RA),),
    # Set operations
    "SELECT ra FROM gaia UNION ALL SELECT ra FROM keys.gaia": (RA,),
    "SELECT ra AS x FROM gaia UNION SELECT ra FROM tmass": (
        Column("x", "DOUBLE", "deg", "pos.eq.ra;meta.main", role="ra"),
    ),
    "SELECT bp FROM gaia INTERSECT SELECT rp FROM gaia": (Column("bp", "FLOAT", "mag"),),
    "SELECT ra, dec FROM gaia EXCEPT SELECT ra, ra FROM gaia": (RA, Column("dec", "DOUBLE", "deg")),
    "(SELECT ra FROM gaia) UNION ALL (SELECT NULL) UNION ALL (SELECT 0.0) ORDER BY 1": (RA,),
    "SELECT ra, bp FROM gaia UNION ALL BY NAME SELECT h, ra FROM keys.gaia, tmass t(a, b, c, j, h)": (RA, BP, H),
    "SELECT name FROM gaia UNION SELECT designation FROM tmass": (Column("name", "VARCHAR", ascii=False),),
    "SELECT name FROM gaia UNION SELECT 'none'": (NAME,),
    "SELECT name FROM gaia UNION SELECT 'ägypten'": (replace(NAME, ascii=False),),
    "FROM (SELECT bp FROM gaia UNION ALL SELECT bp FROM gaia)": (BP,),
    # Tables made by functions
    "SELECT * FROM cone('gaia', 1, 2, 3)": GAIA,
    "SELECT c.dec FROM cone(gaia, 1, 2, 3) AS c": (DEC,),
    "SELECT c.x FROM CONE('gaia', 1, 2, 3) AS c(i, x)": (named("x", RA),),
    "SELECT sep_arcsec, bp FROM xmatch('gaia', 'tmass', 1.5)": (MATCHED[-1], BP),
    "SELECT * FROM xmatch(gaia, tmass, 1.5)": MATCHED,
    "SELECT ra FROM query_table('gaia')": (RA,),
    "SELECT bp, i FROM gaia, range(3) r(i)": (BP, Column("i", "BIGINT")),
    "SELECT f, bp FROM gaia, unnest(fluxes) AS u(f)": (named("f", value(FLUXES), "DOUBLE"), BP),
    "SELECT * FROM (VALUES (1, 'a')) v(n, t)": (NUMBER, Column("t", "VARCHAR", ascii=True)),
    # Tables of which nothing is known stand between known ones
    "SELECT bp, u.*, h FROM gaia, query('SELECT 1 AS n') u, tmass": (BP, NUMBER, H),
    "SELECT bp, u.*, v.*, h FROM gaia, query('SELECT 1 AS n') u, query('SELECT 2 AS n') v, tmass": (
        BP, NUMBER, NUMBER, H,
    ),
    "WITH u AS (SELECT bp, q.*, rp FROM gaia, query('SELECT 1 AS n') q) SELECT bp, n, rp FROM u": (
        BP, NUMBER, Column("rp", "FLOAT"),
    ),
    # Clauses that change no column
    "SELECT DISTINCT ON (source_id) ra FROM gaia QUALIFY row_number() OVER (ORDER BY bp) = 1 ORDER BY ALL": (RA,),
    "SELECT ra FROM gaia TABLESAMPLE 10% WHERE bp < 3 GROUP BY ALL HAVING ra > 1": (RA,),
    # What reshapes a table loses its metadata
    "PIVOT (SELECT ra, bp, name FROM gaia) ON name IN ('a', 'b') USING max(bp) GROUP BY ra": (
        Column("ra", "DOUBLE"), Column("a", "FLOAT"), Column("b", "FLOAT"),
    ),
    "SELECT p.*, 1 AS n FROM (SELECT ra, name FROM gaia) PIVOT (max(ra) FOR name IN ('a')) AS p": (
        Column("a", "DOUBLE"), NUMBER,
    ),
    "FROM (UNPIVOT (SELECT bp, rp FROM gaia) ON bp, rp INTO NAME band VALUE m)": (
        Column("band", "VARCHAR"), Column("m", "FLOAT"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("query", SOURCES)
def test_columns_are_followed_to_their_tables(sky: duckdb.DuckDBPyConnection, query: str) -> None:
    assert trace(sky, query) == SOURCES[query]


B_R = "phot.color;em.opt.B;em.opt.R"
EXPRESSIONS = {
    # A column as another number is the column; as text it is not
    "ra::FLOAT": replace(RA, role=""),
    "TRY_CAST(bp AS DECIMAL(8, 3))": BP,
    "CAST((source_id::INTEGER) AS UBIGINT)": replace(ID, role=""),
    "name::TEXT": NAME,
    "ra::VARCHAR": told(ascii=True),
    "seen::DATE": told(),
    # The same quantity
    "-ra": value(RA),
    "+pmra": PMRA,
    "@pmra": value(PMRA),
    "round(ra, 2)": value(RA),
    "ra.round(2).abs()": value(RA),
    "gaia.bp.floor()": value(BP),
    "greatest(bp, bp, 3)": value(BP),
    "least(bp, rp)": told("mag"),
    "coalesce(bp, NULL, 99)": value(BP),
    "coalesce(pmra, bp)": told(),
    "ifnull(name, 'none')": value(NAME),
    "coalesce(name, 'naïve')": replace(value(NAME), ascii=False),
    "coalesce(name, upper(name))": told(),
    "nullif(parallax, 0)": value(PLX),
    "CASE WHEN bp < 9 THEN pmra WHEN bp < 10 THEN 0 END": value(PMRA),
    "CASE bp WHEN 9 THEN pmra ELSE pmdec END": told("mas.yr**-1"),
    "if(bp < 9, bp, NULL)": value(BP),
    "fluxes[1]": value(FLUXES),
    "fluxes[1:2]": value(FLUXES),
    "unnest(fluxes)": value(FLUXES),
    "name[1]": told(),
    # Aggregates and window functions
    "max(ra)": told("deg", "pos.eq.ra;stat.max", "Maximum of Right ascension"),
    "bp.max()": told("mag", "phot.mag;em.opt.B;stat.max", "Maximum of BP magnitude"),
    "min(DISTINCT bp) FILTER (ra > 1)": told("mag", "phot.mag;em.opt.B;stat.min", "Minimum of BP magnitude"),
    "avg(bp) OVER (PARTITION BY name)": told("mag", "phot.mag;em.opt.B;stat.mean", "Mean of BP magnitude"),
    "median(parallax)": told("mas", "pos.parallax.trig;stat.median", "Median of Parallax"),
    "quantile_cont(parallax, 0.9)": told("mas", "pos.parallax.trig;stat.percentile", "Quantile of Parallax"),
    "percentile_disc(0.9) WITHIN GROUP (ORDER BY parallax)": told(
        "mas", "pos.parallax.trig;stat.percentile", "Quantile of Parallax"
    ),
    "sum(parallax)": told("mas", "pos.parallax.trig;arith.sum", "Sum of Parallax"),
    "stddev_pop(parallax)": told("mas", "stat.stdev;pos.parallax.trig", "Standard deviation of Parallax"),
    "mad(parallax)": told("mas", "stat.mad;pos.parallax.trig", "Median absolute deviation of Parallax"),
    "stddev(parallax_error)": told("mas"),
    "max(name)": told("", "meta.id;stat.max", "Maximum of Name", ascii=True),
    "any_value(bp)": BP,
    "first(bp ORDER BY ra)": BP,
    "mode(bp)": BP,
    "mode() WITHIN GROUP (ORDER BY bp)": BP,
    "arg_min(ra, bp)": replace(value(RA), description=RA.description),
    "max_by(name, bp)": NAME,
    "first_value(bp IGNORE NULLS) OVER (ORDER BY ra)": BP,
    "lag(bp) OVER (ORDER BY ra)": value(BP),
    "lead(name, 1, 'é') OVER (ORDER BY ra)": replace(value(NAME), ascii=False),
    "list(bp)": value(BP),
    "list(bp)[1]": value(BP),
    "count(*)": told(ucd="meta.number"),
    "count(DISTINCT bp)": told(ucd="meta.number"),
    "row_number() OVER ()": told(),
    "string_agg(name, ', ')": told(),
    # Sums and differences
    "bp - rp": told("mag", B_R),
    "(SELECT j - h FROM tmass LIMIT 1)": told("mag", "phot.color"),
    "(SELECT t.j - g.j FROM tmass t, tmass AS g(d, s, r, j) LIMIT 1)": told("mag", "phot.color"),
    "avg(bp) - avg(rp)": told("mag", B_R),
    "max(bp) - min(bp)": told("mag"),
    "ra - lag(ra) OVER ()": told("deg", "pos.eq.ra;arith.diff"),
    "ra - dec": told("deg"),
    "(ra + 180) % 360": told("deg"),
    "bp + 0.03": told("mag"),
    "bp + parallax": told(),
    "bp + 5 * log10(parallax) - 10": told(),
    # Products: a literal factor converts the unit
    "1000 / parallax": told(),
    "parallax / 1000": told(),
    "parallax / parallax_error": told("", "stat.snr;pos.parallax.trig"),
    "pmra / parallax": told("yr**-1"),
    "sqrt(pmra * pmra + pmdec ** 2)": told("mas.yr**-1"),
    "pow(pmra, 2)": told("mas**2.yr**-2"),
    "pmra ** -2": told(),
    "sqrt(parallax)": told(),
    "pmra * cos(radians(dec))": told("mas.yr**-1"),
    "pmra * source_id": told(),
    # Angles and the functions of every store
    "degrees(radians(ra))": told("deg", "pos.eq.ra"),
    "radians(dec)": told("rad", "pos.eq.dec"),
    "atan2(pmra, pmdec)": told("rad"),
    "degrees(acos(0.5))": told("deg"),
    "angdist_arcsec(ra, dec, 1, 2)": told("arcsec", "pos.angDistance"),
    "healpix(10, ra, dec)": told("", "pos.healpix"),
    "healpix_of(healpix_29, 5)": told("", "pos.healpix"),
    "galactic_lon(ra, dec)": told("deg", "pos.galactic.lon"),
    "galactic_lat(ra, dec)": told("deg", "pos.galactic.lat"),
    # Nothing is certain
    "log10(parallax)": told(),
    "exp(bp)": told(),
    "1.5": told(),
    "'a'": told(ascii=True),
    "bp < 9": told(),
    "lower(name)": told(),
    "name || name": told(),
    "{'b': bp}.b": told(),
    "[b + 1 for b in fluxes]": told(),
    "coalesce(*COLUMNS('[br]p'))": told(),
    "EXISTS (SELECT 1)": told(),
    "seen + INTERVAL 1 DAY": told(),
}  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_keep_what_is_certain(sky: duckdb.DuckDBPyConnection, expression: str) -> None:
    query = f"SELECT {expression} AS x FROM gaia"
    ((type_,),) = sky.execute(f"SELECT column_type FROM (DESCRIBE {query})").fetchall()
    assert trace(sky, query) == (named("x", EXPRESSIONS[expression], type_),)


def test_every_unit_and_ucd_is_standard(sky: duckdb.DuckDBPyConnection) -> None:
    columns = [column for expression in EXPRESSIONS for column in trace(sky, f"SELECT {expression} AS x FROM gaia")]
    assert [c.unit for c in columns if not is_vounit(c.unit)] == []
    assert [c.ucd for c in columns if c.ucd and not check_ucd(c.ucd)] == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("this is no SQL at all", ["a"]),
        ("", ["a", "b"]),
        ("SELECT 1; SELECT 2", ["2"]),
        ("SELECT ra, 5! FROM gaia", ["ra", "(5!)"]),
        ("SELECT " + "(" * 400 + "ra" + ")" * 400 + " FROM gaia", ["ra"]),
        ("SELECT * FROM nowhere", ["ra", "dec"]),
        ("SELECT ra FROM nowhere", ["ra"]),
        ("SELECT n.ra FROM nowhere n, gaia", ["ra"]),
        ("SELECT * FROM unheard_of(1)", ["ra"]),
        ("EXPLAIN SELECT ra FROM gaia", ["explain_key", "explain_value"]),
    ],
)
def test_what_cannot_be_followed_is_bare(query: str, names: list[str]) -> None:
    assert trace_columns(query, names, ["DOUBLE"] * len(names), tables=tables) == bare(*names)


def test_the_engine_has_the_last_word() -> None:
    def traced(query: str, *names: str) -> tuple[Column, ...]:
        return trace_columns(query, names, ["DOUBLE"] * len(names), tables=tables)

    assert traced("FROM keys.gaia", "id", "ra", "dec", "new") == bare("id", "ra", "dec", "new")
    assert traced("FROM keys.gaia", "id", "ra") == bare("id", "ra")
    # One name is not the one expected: the others may still be believed, but no column that has no name in the SQL.
    assert traced("SELECT ra, dec, max(bp) FROM gaia", "ra", "other", "x") == (RA, *bare("other", "x"))
    assert traced("SELECT ra, ra FROM gaia", "ra", "ra_1") == (RA, named("ra_1", RA))
    assert traced("SELECT ra FROM gaia", "RA") == (named("RA", RA),)


def test_tables_are_asked_by_the_name_as_written() -> None:
    asked: list[str] = []

    def nowhere(name: str) -> None:
        asked.append(name)

    query = 'SELECT * FROM Gaia, keys.gaia, "Odd ""name""", cone(keys.gaia, -1, 2, 3), cat.main.t'
    trace_columns(query, ["x"], ["DOUBLE"], tables=nowhere)
    assert asked == ["Gaia", "keys.gaia", 'Odd "name"', "keys.gaia", "cat.main.t"]


def test_functions_are_asked_by_name_and_arguments() -> None:
    asked: list[tuple[str, list[str]]] = []

    def functions(name: str, arguments: Sequence[str]) -> list[Column]:
        asked.append((name, list(arguments)))
        return [J, H]

    query = "SELECT s.h FROM Similar('GZ 1', 5, k := -2) s, cone(gaia, ra, 1 + 2, 0.5) c"
    assert trace_columns(query, ["h"], ["DOUBLE"], tables=tables, functions=functions) == (H,)
    assert asked == [("similar", ["GZ 1", "5", "k := -2"]), ("cone", ["gaia", "ra", "1 + 2", "0.5"])]


def test_the_parser_is_loaded_only_when_it_is_needed() -> None:
    code = "import sys, skyband.queries.lineage; sys.exit('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
