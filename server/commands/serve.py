"""`skyband serve`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import store_option


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--token-file", type=click.Path(path_type=Path), help="TOML file of tokens.")
@click.option("--public-read", is_flag=True, help="Let everybody read, from any address.")
@store_option
def command(settings: Settings, host: str, port: int, token_file: Path | None, public_read: bool) -> None:
    """Serve the store: TAP, cone search, SQL, coverage and pages, for TOPCAT, pyvo, curl and browsers.

    Without more it listens on this machine alone and asks for no token. To let others in, give a token file: TOML with
    [[token]] entries of name, role ("read" or "admin") and sha256 of the token (printf %s "$TOKEN" | sha256sum).

    Example: skyband serve --port 8000, then in TOPCAT: VO > TAP Query > http://127.0.0.1:8000/tap
    """
    from skyband.server.run import serve

    serve(settings, host=host, port=port, token_file=token_file, public_read=public_read)
