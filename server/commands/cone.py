"""`skyband cone`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import store_option
from skyband.server.output import deliver, open_sky, output_options


@click.command("cone", context_settings={"ignore_unknown_options": True})
@click.argument("table")
@click.argument("ra", type=float)
@click.argument("dec", type=float)
@click.argument("radius_deg", type=float)
@output_options
@store_option
def command(
    settings: Settings,
    table: str,
    ra: float,
    dec: float,
    radius_deg: float,
    output: Path | None,
    format: str | None,
) -> None:
    """Rows of TABLE within RADIUS_DEG degrees of RA DEC (degrees, ICRS), nearest first.

    Example: skyband cone gaia 11.8 85.2 0.05 -o field.fits
    """
    with open_sky(settings) as sky:
        deliver(sky.cone(table, ra, dec, radius_deg), settings, output, format)
