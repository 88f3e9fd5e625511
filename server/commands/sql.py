"""`skyband sql`."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import store_option
from skyband.server.output import deliver, open_sky, output_options


@click.command("sql")
@click.argument("query")
@output_options
@store_option
def command(settings: Settings, query: str, output: Path | None, format: str | None) -> None:
    """Answer one SELECT in DuckDB SQL; `-` reads it from standard input.

    Besides the tables there are `keys.TABLE` (standard names and units), cone('TABLE', ra, dec, radius_deg),
    xmatch('LEFT', 'RIGHT', radius_arcsec), angdist_arcsec(ra1, dec1, ra2, dec2), healpix(order, ra, dec),
    healpix_of(healpix_29, order), galactic_lon(ra, dec), galactic_lat(ra, dec) and
    gz2_class_parts(gz2_class).

    Example: skyband sql "SELECT * FROM cone('gaia', 11.8, 85.2, 0.1) ORDER BY phot_g_mean_mag LIMIT 5"
    """
    text = sys.stdin.read() if query == "-" else query
    with open_sky(settings) as sky:
        deliver(sky.sql(text), settings, output, format)
