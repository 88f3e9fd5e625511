"""What an expression over known columns measures: its unit, UCD and description.

A `Column` stands for the value of an expression; its type is a DuckDB type, "" where that is not known, or one of
`CONSTANT` and `PURE`. UCD words follow the UCD1+ list 1.6 (IVOA EN-UCDlist): some may only follow another word
(`phot.mag;stat.max`), some only lead (`stat.mad;phot.mag`), and `phot.color` is followed by its two bands.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod
from typing import Protocol

from sqlglot import exp

from skyband.schema.columns import Column

CONSTANT = "constant"
"""Type of a literal, named by its text: it takes the meaning of whatever it stands beside."""
PURE = "pure number"
"""Type of a number known to have no unit; a column without a unit may only lack the record of one."""
NOTHING = Column("", "")
"""A value of which nothing is known."""

_TRANSPARENT = (
    exp.Paren, exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Order, exp.Ordered, exp.Try,
)  # fmt: skip
_NUMERIC = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"}
_NUMERIC |= {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
_LEADING_ONLY = ("meta.", "stat.", "arith.", "pos.wcs")

Rule = Callable[[Sequence[Column]], Column]


class Known(Protocol):
    """Where an expression stands: it knows the columns and subqueries the expression refers to."""

    def column(self, node: exp.Expr) -> Column:
        """The column a reference means, `NOTHING` where that is not known."""

    def scalar(self, query: exp.Expr) -> Column:
        """The first column of a subquery."""


def measure(node: exp.Expr | None, known: Known) -> Column:
    """What the value of an expression is; a missing expression is NULL."""
    if node is None or isinstance(node, exp.Null | exp.Boolean):
        return Column("", CONSTANT, ascii=True)
    if isinstance(node, exp.Literal):
        return Column(node.name, CONSTANT, ascii=node.name.isascii())
    if isinstance(node, exp.Column | exp.Identifier | exp.Columns | exp.PositionalColumn):
        return known.column(node)
    if isinstance(node, exp.Subquery):
        return known.scalar(node)
    if isinstance(node, _TRANSPARENT):
        return measure(node.this, known)
    if isinstance(node, exp.Distinct):
        return measure(node.expressions[0], known)
    if (
        isinstance(node, exp.Dot)
        and isinstance(node.this, exp.Identifier)
        and isinstance(node.expression, exp.Identifier)
    ):
        return known.column(exp.column(node.expression.copy(), table=node.this.copy()))  # gaia.mag of gaia.mag.round(2)
    if isinstance(node, exp.Cast):
        return _cast(measure(node.this, known), node.to)
    name, arguments = _call(node)
    rule = _RULES.get(name)
    return rule([measure(argument, known) for argument in arguments]) if rule else NOTHING


def merge(alternatives: Sequence[Column]) -> Column:
    """What alternatives agree on, named as the first: branches of a CASE, of a UNION. Constants go with anything."""
    flags = {column.ascii for column in alternatives}
    ascii = False if False in flags else None if None in flags else True
    told = [column for column in alternatives if column.type != CONSTANT]
    texts = ("type", "unit", "ucd", "utype", "xtype", "description", "role") if told else ()
    values = {text: {getattr(column, text) for column in told} for text in texts}
    agreed = {text: found.pop() if len(found) == 1 else "" for text, found in values.items()}
    return Column(**{"name": alternatives[0].name, "type": CONSTANT, **agreed}, ascii=ascii)


def renamed(column: Column, name: str) -> Column:
    """The column under another name."""
    return column if column.name == name else replace(column, name=name)


def _call(node: exp.Expr) -> tuple[str, list[exp.Expr | None]]:
    """Name and arguments of a function or operator, however it was written."""
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):  # mag.round(2)
        name, arguments = _call(node.expression)
        return name, [node.this, *arguments]
    if isinstance(node, exp.Anonymous):
        return node.name.lower(), node.expressions
    if isinstance(node, exp.Case):
        return "case", [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
    if isinstance(node, exp.If):
        return "case", [node.args["true"], node.args.get("false")]
    if isinstance(node, exp.Lag | exp.Lead):
        return "lag", [node.this, node.args.get("default")]
    if isinstance(node, exp.WithinGroup):  # quantile_cont(0.5) WITHIN GROUP (ORDER BY mag)
        return _call(node.this)[0], [node.expression.expressions[0]]
    name = node.sql_name().lower() if isinstance(node, exp.Func) else node.key
    first = (node.this, node.args.get("expression"))
    return name, [*(item for item in first if isinstance(item, exp.Expr)), *node.expressions]


def _value(column: Column) -> Column:
    """The same quantity, computed: no longer the column itself, nor the main position of its table."""
    return replace(column, name="", role="", utype="", description="", ucd=_without_main(column.ucd))


def _without_main(ucd: str) -> str:
    return ";".join(word for word in ucd.split(";") if word != "meta.main")


def _cast(column: Column, target: exp.DataType) -> Column:
    """Numbers stay what they are as other numbers; everything else only as its own type. Digits are ASCII."""
    if column.type == CONSTANT:
        return column
    numeric = column.type.partition("(")[0] in _NUMERIC or column.type in ("", PURE)
    if numeric and target.this in exp.DataType.NUMERIC_TYPES:
        return replace(column, role="", type=PURE if column.type == PURE else "")
    if numeric and column.type and target.this in exp.DataType.TEXT_TYPES:
        return replace(NOTHING, ascii=True)
    name = target.sql("duckdb").partition("(")[0]
    return replace(column, role="") if {"TEXT": "VARCHAR"}.get(name, name) == column.type else NOTHING


def _selected(arguments: Sequence[Column]) -> Column:
    """One of the values of a column, unchanged."""
    return replace(arguments[0], role="", utype="", ucd=_without_main(arguments[0].ucd)) if arguments else NOTHING


def _same(arguments: Sequence[Column]) -> Column:
    return _value(arguments[0]) if arguments else NOTHING


def _alternatives(arguments: Sequence[Column]) -> Column:
    return _value(merge(arguments))


def _listed(arguments: Sequence[Column]) -> Column:
    return replace(_value(arguments[0]), type=f"{arguments[0].type}[]", xtype="")


def element(arguments: Sequence[Column]) -> Column:
    """An element, or a slice, of the list that is the first argument."""
    held = arguments[0]
    return replace(_value(held), type=held.type.rpartition("[")[0], xtype="") if held.type.endswith("]") else NOTHING


def _statistic(phrase: str, ucd: str) -> Rule:
    def rule(arguments: Sequence[Column]) -> Column:
        if not arguments or arguments[0].type == CONSTANT:
            return NOTHING
        column, plain = arguments[0], _without_main(arguments[0].ucd)
        fits = plain and (ucd.startswith("{}") or not plain.startswith(_LEADING_ONLY))
        return replace(
            _value(column),
            type=PURE if column.type == PURE else "",
            ucd=ucd.format(plain) if fits else "",
            description=f"{phrase} of {column.description}" if column.description else "",
        )

    return rule


def _always(type: str = "", unit: str = "", ucd: str = "") -> Rule:
    result = Column("", type, unit=unit, ucd=ucd)
    return lambda arguments: result


def _converted(unit: str) -> Rule:
    return lambda arguments: Column("", "", unit=unit, ucd=_without_main(arguments[0].ucd))


def _sum(arguments: Sequence[Column]) -> Column:
    """Sum or remainder of two values of one unit; a literal is taken to be in the unit of the other."""
    told = [column for column in arguments if column.type != CONSTANT]
    if not told:
        return Column("", CONSTANT, ascii=True)
    kinds = {(column.unit, column.type == PURE) for column in told}
    if len(kinds) > 1:
        return NOTHING
    return Column("", PURE if told[0].type == PURE else "", unit=told[0].unit)


def _difference(arguments: Sequence[Column]) -> Column:
    result, ucds = _sum(arguments), [_without_main(column.ucd) for column in arguments]
    if len(ucds) != 2 or arguments[0].unit != arguments[1].unit:
        return result
    bands = [[word for word in ucd.split(";") if word.startswith("em.")] for ucd in ucds]
    magnitudes = all(ucd.split(";")[0] == "phot.mag" for ucd in ucds)
    if magnitudes and (bands[0] != bands[1] or ucds == ["phot.mag", "phot.mag"]):
        both = bands[0] + bands[1] if len(bands[0]) == len(bands[1]) == 1 else []
        return replace(result, ucd=";".join(["phot.color", *both]))
    return replace(result, ucd=f"{ucds[0]};arith.diff" if ucds[0] and ucds[0] == ucds[1] else "")


def _product(arguments: Sequence[Column]) -> Column:
    return _powers([(column, 1) for column in arguments])


def _quotient(arguments: Sequence[Column]) -> Column:
    above, below = arguments
    ucd = _without_main(above.ucd)
    result = _powers([(above, 1), (below, -1)])
    signal_to_noise = ucd and above.unit == below.unit and below.ucd == f"stat.error;{ucd}"
    return replace(result, ucd=f"stat.snr;{ucd}") if signal_to_noise else result


def _power(arguments: Sequence[Column]) -> Column:
    base, exponent = arguments
    whole = exponent.type == CONSTANT and exponent.name.isdigit()
    return _powers([(base, int(exponent.name))]) if whole else NOTHING


def _root(arguments: Sequence[Column]) -> Column:
    return _powers([(arguments[0], 0.5)])


def _powers(factors: Sequence[tuple[Column, float]]) -> Column:
    """Product of values, each raised to a power."""
    kinds = {column.type if column.type in (CONSTANT, PURE) else "" for column, _ in factors}
    if kinds == {CONSTANT}:
        return Column("", CONSTANT, ascii=True)
    if kinds <= {CONSTANT, PURE}:
        return Column("", PURE)
    # A literal factor nearly always converts the unit (mas to arcsec): it leaves nothing certain.
    if CONSTANT in kinds or any(not column.unit and column.type != PURE for column, _ in factors):
        return NOTHING
    powers: defaultdict[str, float] = defaultdict(float)
    for column, power in factors:
        if column.type != PURE:
            powers[column.unit] += power
    unit = _unit_of(tuple(sorted((unit, power) for unit, power in powers.items() if power)))
    return NOTHING if unit is None else Column("", "" if unit else PURE, unit=unit)


@lru_cache(maxsize=1024)
def _unit_of(powers: tuple[tuple[str, float], ...]) -> str | None:
    """VOUnits text of a product of units, None where one is not VOUnits or a power is not whole."""
    if not powers or powers == ((powers[0][0], 1),):
        return powers[0][0] if powers else ""
    from astropy.units import Unit, dimensionless_unscaled

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated units are units all the same
            parsed = (Unit(unit, format="vounit") ** power for unit, power in powers)
            product = prod(parsed, start=dimensionless_unscaled)
            whole = all(float(power).is_integer() for power in product.powers)
            return str(product.to_string("vounit")) if whole else None
    except (ValueError, TypeError):
        return None


def _rules() -> Iterator[tuple[str, Rule]]:
    for names, rule in (
        ("any_value arbitrary first last mode arg_min arg_max arg_min_null arg_max_null min_by max_by", _selected),
        ("first_value last_value nth_value collate", _selected),
        ("abs round round_even floor ceil ceiling trunc neg nullif fold_ra", _same),
        ("case coalesce greatest least lag", _alternatives),
        ("array_agg list", _listed),
        ("bracket explode", element),
        ("max", _statistic("Maximum", "{};stat.max")),
        ("min", _statistic("Minimum", "{};stat.min")),
        ("avg mean favg", _statistic("Mean", "{};stat.mean")),
        ("median", _statistic("Median", "{};stat.median")),
        ("quantile quantile_cont quantile_disc percentile_cont percentile_disc approx_quantile reservoir_quantile",
         _statistic("Quantile", "{};stat.percentile")),
        ("sum fsum kahan_sum sumkahan", _statistic("Sum", "{};arith.sum")),
        ("stddev stddev_samp stddev_pop std", _statistic("Standard deviation", "stat.stdev;{}")),
        ("mad", _statistic("Median absolute deviation", "stat.mad;{}")),
        ("count count_star count_if approx_distinct approx_count_distinct", _always(PURE, ucd="meta.number")),
        ("degrees", _converted("deg")),
        ("radians", _converted("rad")),
        ("sin cos tan", _always(PURE)),
        ("asin acos atan atan2", _always(unit="rad")),
        ("angdist_arcsec chord2_arcsec", _always(unit="arcsec", ucd="pos.angDistance")),
        ("healpix healpix_of", _always(ucd="pos.healpix")),
        ("galactic_lon", _always(unit="deg", ucd="pos.galactic.lon")),
        ("galactic_lat", _always(unit="deg", ucd="pos.galactic.lat")),
        ("add mod", _sum),
        ("sub subtract", _difference),
        ("mul multiply", _product),
        ("div intdiv divide fdiv", _quotient),
        ("pow power", _power),
        ("sqrt", _root),
    ):  # fmt: skip
        yield from ((name, rule) for name in names.split())


_RULES: Mapping[str, Rule] = dict(_rules())
