"""`skyband templates`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import (
    command_line,
    json_option,
    note,
    percent,
    print_json,
    print_table,
    progress_bar,
    store_option,
)
from skyband.server.feature_options import magnitude_options
from skyband.server.output import open_sky

if TYPE_CHECKING:
    from skyband.models.features import FeatureOptions


@click.command("templates")
@click.argument("table")
@click.option(
    "--templates", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Your own, in place of the packaged ones of their classes: CLASS/NAME.ecsv or .csv, of wavelength and flux.",
)  # fmt: skip
@magnitude_options
@json_option
@store_option
def command(settings: Settings, table: str, folder: Path | None, features: FeatureOptions, as_json: bool) -> None:
    """Compare the magnitudes of TABLE, u to W2, with templates of stars, white and brown dwarfs, galaxies and quasars.

    All rows get the columns template_class, template_name, template_redshift, template_chi2, template_bands, and
    template_chi2_CLASS of each class: a vote beside that of skyband score, from other knowledge. Missing bands are left
    out.

    Example: skyband templates objects
    """
    from skyband.models.templates.library import packaged, with_folder
    from skyband.models.templates.run import fit_templates

    libraries = packaged() if folder is None else with_folder(folder)
    with open_sky(settings) as sky, progress_bar(f"comparing {table} with templates") as progress:
        report = fit_templates(sky, table, libraries, inputs=features, command=command_line(), on_progress=progress)
    if as_json:
        print_json(
            {
                "table": report.info.name,
                "version": report.info.version.version,
                "rows": report.rows,
                "bands": dict(report.bands),
                "templates": dict(report.templates),
                "classes": dict(report.classes),
                "seconds": round(report.seconds, 2),
            }
        )
        return
    speed = report.rows / max(report.seconds, 1e-9)
    print(
        f"{report.info.name}: {report.rows:,} rows compared in {', '.join(report.bands)} in {report.seconds:.1f} s "
        f"({speed:,.0f} rows/s); version {report.info.version.version}"
    )
    rows = max(report.rows, 1)
    print_table(
        ("class", "templates", "rows", "share"),
        [
            (name, f"{report.templates[name]:,}", f"{found:,}", percent(found / rows))
            for name, found in report.classes.items()
        ],
        right=(1, 2, 3),
    )
    if left := report.rows - sum(report.classes.values()):
        note(f"  {left:,} rows have fewer than three of the bands")
