"""`skyband crossmatch`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings
from skyband.server.console import command_line, json_option, note, percent, print_json, progress_bar, store_option

if TYPE_CHECKING:
    from skyband.queries.association import AssociationOptions, AssociationReport, Calibration, Cut, GroupReport, Tuning
    from skyband.queries.crossmatch import MatchReport

_ASSOCIATION = {
    "n_sigma", "error", "epoch_error", "footprint", "floor_arcsec", "error_scale", "completeness", "area_deg2",
    "density_by", "prior", "offsets", "least_probability", "purity",
}  # fmt: skip
"""Options that ask for probabilities."""


@click.command("crossmatch")
@click.argument("tables", nargs=-1, required=True, metavar="LEFT RIGHT [MORE...]")
@click.option("--radius", "radius_arcsec", type=float, metavar="ARCSEC", help="Largest separation.")
@click.option("--into", required=True, metavar="NAME", help="Name of the table to publish.")
@click.option(
    "--find",
    type=click.Choice(["all", "best", "best1", "best2", "mutual", "one-to-one"]),
    help="Pairs to keep: all; best (closest or most probable first, each row once); best1 or best2 (best of each left "
    "or right row); mutual (each other's best); one-to-one (best as a whole). Default best, and all for a self-match.",
)
@click.option(
    "--join",
    default="inner",
    show_default=True,
    metavar="TYPE",
    help="Rows to list: inner, left, right, full, left-only, right-only, xor, or STILTS' 1and2, all1, all2, 1or2, "
    "1not2, 2not1, 1xor2.",
)
@click.option("--wide", is_flag=True, help="Add all columns of the tables.")
@click.option("--replace", is_flag=True, help="Publish over a table that is there.")
@click.option("--epoch", type=float, metavar="YEAR", help="Compare positions at this Julian year.")
@click.option("--no-propagate", is_flag=True, help="Leave proper motions aside.")
@click.option("--probability", is_flag=True, help="Add errors, densities and Bayesian probabilities.")
@click.option("--n-sigma", type=float, metavar="K", help="Largest normalised separation, in place of --radius.")
@click.option(
    "--error", multiple=True, metavar="TABLE=ARCSEC", help="Position error in place of what the table says; may repeat."
)
@click.option(
    "--epoch-error",
    multiple=True,
    metavar="TABLE=YEARS",
    help="How far rows are from the one epoch of their table, in place of what its survey says; may repeat.",
)
@click.option("--floor", "floor_arcsec", type=float, metavar="ARCSEC", help="Systematic error; fitted by default.")
@click.option(
    "--error-scale",
    type=float,
    metavar="X",
    help="Multiply the errors of all tables; 1 as they are; fitted with the floor by default.",
)
@click.option("--completeness", type=float, metavar="C", help="Share with a counterpart; fitted by default.")
@click.option(
    "--footprint",
    multiple=True,
    metavar="TABLE=MOC",
    help="Coverage map of a table's survey, in place of the cells with sources; may repeat.",
)
@click.option("--area", "area_deg2", type=float, metavar="DEG2", help="Sky of both tables, for one uniform density.")
@click.option(
    "--density-by",
    metavar="COLUMN",
    help="Column of RIGHT, a magnitude: count sources of about the same around a pair.",
)
@click.option(
    "--prior",
    metavar="COLUMN[-COLUMN]",
    help="Column of RIGHT, or difference of two, whose distribution tells counterparts from others.",
)
@click.option(
    "--offsets",
    type=click.Choice(["keep", "constant", "map"]),
    help="Displacement of the tables: only report it (keep, the default), take away a constant one, or a smooth map.",
)
@click.option("--min-probability", "least_probability", type=float, metavar="P", help="Leave out less probable pairs.")
@click.option("--purity", type=float, metavar="SHARE", help="Leave out as many as this share of true pairs asks for.")
@json_option
@store_option
def command(
    settings: Settings,
    tables: tuple[str, ...],
    into: str,
    find: str | None,
    join: str,
    probability: bool,
    no_propagate: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Match tables by position and publish their pairs; a table with itself gives its duplicates.

    With --probability, or any option that needs it, each pair gets a Bayes factor and the probability that it is true,
    from errors, proper motions and local densities, and the false rate is measured on shifted skies. Three tables or
    more are matched at once, in this way; the first one leads.

    Example: skyband crossmatch gaia twomass --radius 1 --into gaia_twomass

    Example: skyband crossmatch xmm optical --radius 15 --probability --purity 0.95 --into counterparts
    """
    from skyband.queries.crossmatch import Find, join_of
    from skyband.schema.store import Store

    kind = Find(find or ("all" if len(set(tables)) == 1 else "best"))
    asked = {name: value for name, value in given.items() if not (value is None or value is False or value == ())}
    common = {"into": into, "find": kind, "join": join_of(join), "propagate": not no_propagate}
    store = Store.open(settings)
    if probability or len(tables) > 2 or _ASSOCIATION & asked.keys():
        _associate(store, tables, common | asked, as_json)
    else:
        _match(store, tables, common | asked, as_json)


def _match(store: Any, tables: tuple[str, ...], options: dict[str, Any], as_json: bool) -> None:
    from skyband.queries.crossmatch import MatchOptions, crossmatch

    if len(tables) != 2:
        raise BadOption("give two tables to match; the same twice finds duplicates")
    if "radius_arcsec" not in options:
        raise BadOption("give --radius ARCSEC, or --n-sigma K")
    left, right = tables
    with progress_bar(f"matching {left} with {right}") as progress:
        report = crossmatch(
            store, MatchOptions(left=left, right=right, **options), command=command_line(), progress=progress
        )
    if as_json:
        figures = {"table": options["into"], "rows": report.info.rows, "seconds": report.seconds}
        print_json(asdict(report.counts) | figures)
    else:
        _print(left, right, options["into"], report)


def _print(left: str, right: str, into: str, report: MatchReport) -> None:
    counts, chance = report.counts, report.counts.chance
    print(f"{counts.pairs:,} pairs; table {into} has {report.info.rows:,} rows ({report.seconds:.2f} s)")
    for name, rows, matched, unmatched in (
        (left, counts.left_rows, counts.left_matched, counts.left_unmatched),
        (right, counts.right_rows, counts.right_matched, counts.right_unmatched),
    ):
        share = matched / rows if rows else 0.0
        print(f"  {name}: {matched:,} of {rows:,} matched ({share:.2%}), {unmatched:,} unmatched")
    if counts.epoch is not None:
        print(f"  positions moved to J{counts.epoch:.2f}")
    print(
        f"  chance: {percent(chance.rate)} ± {percent(chance.rate_error)} of {left} rows find a partner when shifted "
        f"by {chance.shift_arcsec:g} arcsec ({chance.sample_rows:,} rows, {chance.shifts} directions)"
    )


def _associate(store: Any, tables: tuple[str, ...], options: dict[str, Any], as_json: bool) -> None:
    from skyband.queries.association import (
        AssociationOptions,
        GroupReport,
        Offsets,
        associate,
        associate_many,
        doubts_about,
    )  # fmt: skip

    options["offsets"] = Offsets(options.get("offsets", Offsets.KEEP))
    options["error_arcsec"] = _by_table("--error", "ARCSEC", options.pop("error", ()))
    options["footprints"] = dict(text.partition("=")[::2] for text in options.pop("footprint", ()))
    options["epoch_error_yr"] = _by_table("--epoch-error", "YEARS", options.pop("epoch_error", ()))
    asked = AssociationOptions(tables=tables, **options)
    with progress_bar(f"associating {tables[0]} with {', '.join(tables[1:])}") as progress:
        run = associate if len(tables) == 2 else associate_many
        report = run(store, asked, command=command_line(), progress=progress)
    doubts = doubts_about(asdict(report.counts), asdict(asked))
    if as_json:
        figures = {"table": asked.into, "rows": report.info.rows, "seconds": report.seconds, "warnings": doubts}
        print_json(asdict(report.counts) | {"expected": asdict(report.cut)} | figures)
        return
    if isinstance(report, GroupReport):
        _print_groups(asked, report)
    else:
        _print_association(asked, report)
    for doubt in doubts:
        note(f"warning: {doubt}")


def _by_table(option: str, unit: str, given: Iterable[str]) -> dict[str, float]:
    found = {}
    for text in given:
        table, _, value = text.partition("=")
        try:
            found[table] = float(value)
        except ValueError:
            raise BadOption(f"{option} {text!r} is not of the form TABLE={unit}, twomass=0.1 for instance") from None
    return found


def _print_association(options: AssociationOptions, report: AssociationReport) -> None:
    counts, cut, tables = report.counts, report.cut, options.tables
    left = tables[0]
    print(f"{counts.pairs:,} pairs; table {options.into} has {report.info.rows:,} rows ({report.seconds:.2f} s)")
    print(
        f"  {left}: {counts.left_matched:,} of {counts.left_rows:,} matched, {counts.left_covered:,} in the footprint "
        f"of {tables[1]}; {counts.calibration.share:.2%} of those have a counterpart within reach"
    )
    print(f"  {tables[1]}: {counts.right_matched:,} of {counts.right_rows:,} matched")
    print(f"  at p_match >= {cut.least_probability:g}: {_expected(cut, counts.calibration)}")
    print(f"  {_tuning(counts.tuning, options)}")


def _tuning(tuning: Tuning, options: AssociationOptions) -> str:
    from skyband.queries.association import not_fitted

    fitted = f"fitted to {tuning.pairs:,} pairs"
    how = fitted if tuning.floor_fitted else not_fitted(asdict(tuning), asdict(options)) or "as given"
    text = (
        f"systematic error {tuning.floor_arcsec:.4f} arcsec ({how}); "
        f"errors {_scale(tuning, fitted)}; displacement {tuning.offset_ra_arcsec:+.4f} "
        f"{tuning.offset_dec_arcsec:+.4f} ± {tuning.offset_error_arcsec:.4f} arcsec east, north"
    )
    if tuning.map_rms_arcsec is not None:
        text += f", scatter over the sky {tuning.map_rms_arcsec:.4f} (noise {tuning.map_error_arcsec:.4f})"
    return text


def _scale(tuning: Tuning, fitted: str) -> str:
    if tuning.error_scale == 1:
        return "as quoted"
    return f"x{tuning.error_scale:.3g} ({fitted if tuning.error_scale_fitted else 'as given'})"


def _print_groups(options: AssociationOptions, report: GroupReport) -> None:
    counts, cut, lead = report.counts, report.cut, options.tables[0]
    print(
        f"{counts.groups:,} groups; table {options.into} has {report.info.rows:,} rows ({report.seconds:.2f} s)\n"
        f"  by their probabilities {counts.wrong_share:.2%} of the groups are not right and whole"
    )
    print(f"  {lead}: {counts.left_matched:,} of {counts.left_rows:,} have a counterpart")
    for partner in counts.partners:
        print(
            f"  {partner.table}: {partner.matched:,} of {partner.rows:,} in a group; {partner.share:.2%} of the {lead} "
            f"rows in its footprint have a counterpart\n    {_tuning(partner.tuning, options)}"
        )
    print(f"  at p_any >= {cut.least_probability:g}: {_expected(cut, counts.calibration)}")


def _expected(cut: Cut, calibration: Calibration) -> str:
    return (
        f"completeness {cut.completeness:.2%}, contamination {percent(cut.contamination)} by the probabilities, "
        f"{percent(cut.chance_contamination)} ± {percent(cut.chance_error)} by {calibration.trials:,} shifted rows"
    )
