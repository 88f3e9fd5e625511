"""`skyband send`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import rich_click as click

from skyband.schema.errors import BadOption, NoReceiver
from skyband.schema.settings import Settings
from skyband.server.console import note, progress_bar, store_option

_MTYPE = "table.load.votable"


@click.command("send")
@click.argument("table", required=False)
@click.option("--sql", "query", help="Send the answer to this SELECT instead of a whole table.")
@click.option("--name", help="Name the receivers show; by default that of the table.")
@click.option(
    "--wait",
    "wait_s",
    type=click.IntRange(1, 86_400),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long a receiver may take to load it.",
)
@store_option
def command(settings: Settings, table: str | None, query: str | None, name: str | None, wait_s: int) -> None:
    """Hand a table, or an answer, to TOPCAT and every other program that runs here and takes tables by SAMP.

    Example: skyband send --sql "SELECT * FROM cone('gaia', 11.8, 85.2, 1)" --name around-the-pole
    """
    from skyband.queries.export import export
    from skyband.server.samp import connected

    if (table is None) == (query is None):
        raise BadOption("give either a table or --sql QUERY")
    shown = name or table or "skyband"
    with connected("skyband", wait_s=wait_s) as hub:
        receivers = hub.receivers(_MTYPE)
        if not receivers:
            raise NoReceiver("no program registered with the SAMP hub takes tables; start TOPCAT first")
        # Receivers read the file while the message is answered; the folder is open to this user alone.
        with tempfile.TemporaryDirectory(prefix="skyband-send-") as folder:
            path = Path(folder) / "table.vot"
            with progress_bar(f"writing {shown}") as progress:
                rows = export(settings, path, table=table, query=query, format="votable", progress=progress)
            parameters = {"url": path.as_uri(), "table-id": f"skyband-{Path(folder).name}", "name": shown}
            failed = []
            for client, receiver in receivers.items():
                try:
                    hub.ask(client, _MTYPE, parameters)
                    note(f"{rows:,} rows sent to {receiver}")
                except NoReceiver as error:
                    failed.append(f"{receiver} did not take the table: {error}")
    if failed:
        raise NoReceiver("; ".join(failed))
