"""`skyband ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import command_line, json_option, note, print_json, progress_bar, store_option

if TYPE_CHECKING:
    from skyband.ingest.options import IngestReport


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--table", required=True, metavar="NAME", help="Name of the table.")
@click.option("--survey", metavar="NAME", help="Survey the files are of; also the path of a .toml definition.")
@click.option("--id", metavar="COLUMN", help="Column that identifies the rows; @row numbers them.")
@click.option("--ra", metavar="COLUMN", help="Right ascension, or the longitude of --frame.")
@click.option("--dec", metavar="COLUMN", help="Declination, or the latitude of --frame.")
@click.option("--epoch", metavar="YEAR|COLUMN", help="Julian year of all positions, or the column that has it.")
@click.option("--frame", metavar="FRAME", help='Frame of the positions: icrs, galactic, "FK5 J1975", "FK4 B1950", ...')
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE=COLUMN[:UNIT]",
    help="Column of a proper motion or an error: pos_error=pos_err:arcsec, pmra=pm_ra:mas/yr; may repeat.",
)
@click.option("--no-position", is_flag=True, help="The rows are no places on the sky.")
@click.option("--format", metavar="FORMAT", help="Format of the files, where their bytes do not show it.")
@click.option("--description", default="", metavar="TEXT", help="What the table is.")
@click.option("--append", is_flag=True, help="Add the rows to a table that is there.")
@click.option("--replace", is_flag=True, help="Put a new version in the place of a table.")
@json_option
@store_option
def command(
    settings: Settings,
    files: tuple[Path, ...],
    epoch: str | None,
    append: bool,
    replace: bool,
    no_position: bool,
    roles: tuple[str, ...],
    as_json: bool,
    **named: Any,
) -> None:
    """Read Parquet, CSV, TSV, FITS, VOTable and ECSV files, or folders of them, into a table.

    Column metadata come from the files and the survey. Rows without id or possible position go to
    NAME.rejected.parquet beside the table, with the reason. A table of a file is chosen by 'file.fits[2]'.

    Example: skyband ingest gaia.fits --table gaia --survey gaia_dr3
    """
    from skyband.ingest.pipeline import IngestOptions, ingest
    from skyband.ingest.readers.frames import julian_year
    from skyband.schema.store import Store

    if append and replace:
        raise click.UsageError("--append and --replace exclude each other; give one")
    year = julian_year(epoch)
    options = IngestOptions(
        epoch=epoch if year is None else year,
        mode="append" if append else "replace" if replace else "create",
        positions=not no_position,
        roles=dict(_role(text) for text in roles),
        command=command_line(),
        **named,
    )
    with progress_bar(f"reading {files[0].name}") as progress:
        report = ingest(Store.create(settings), files, options, progress=progress)
    if as_json:
        print_json(_facts(report))
    else:
        _print(report)


def _role(text: str) -> tuple[str, str]:
    role, equals, column = text.partition("=")
    if not (role and equals and column):
        raise click.UsageError(f"--role {text!r} is not of the form ROLE=COLUMN or ROLE=COLUMN:UNIT")
    return role, column


def _facts(report: IngestReport) -> dict[str, object]:
    return {
        "table": report.info.name,
        "rows": report.info.rows,
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "rejected": dict(report.rejected),
        "rejected_file": report.rejected_file,
        "version": report.info.version.version,
        "seconds": round(report.seconds, 3),
        "notes": report.notes,
    }


def _print(report: IngestReport) -> None:
    print(
        f"table {report.info.name}: {report.info.rows:,} rows, {len(report.info.columns)} columns "
        f"({report.rows_kept:,} of {report.rows_read:,} rows kept, {report.seconds:.2f} s)"
    )
    for reason, count in report.rejected.items():
        print(f"  rejected: {count:,} {reason}")
    if report.rejected_file:
        note(f"rejected rows are in {report.rejected_file}")
    for text in report.notes:
        note(f"note: {text}")
