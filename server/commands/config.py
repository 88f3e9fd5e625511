"""`skyband config`."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from skyband.schema.settings import ENVIRONMENT_PREFIX, Settings
from skyband.server.console import json_option, print_facts, print_json, store_option


@click.command("config")
@json_option
@store_option
def command(settings: Settings, as_json: bool) -> None:
    """Print the settings in force and the environment variable of each.

    Example: SKYBAND_MEMORY_GB=8 skyband config
    """
    values = asdict(settings)
    if as_json:
        print_json(values)
    else:
        print_facts({ENVIRONMENT_PREFIX + name.upper(): value for name, value in values.items()})
