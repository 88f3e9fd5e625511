"""A headless TOPCAT takes tables of skyband: by SAMP from `skyband send`, and from the URL of a synchronous query.

Run by hand before a release: python tests/topcat.py --store FOLDER --tap http://127.0.0.1:8000/tap [--picture FILE]

Needs the programs `topcat` and `Xvfb` (Debian packages topcat and xvfb), and for the picture ImageMagick's `import`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode, urlsplit

from astropy.table import Table
from pyvo.samp import SAMPHubServer, SAMPIntegratedClient

from skyband.queries import Sky

T = TypeVar("T")

_START_S = 120.0
_LOAD_S = 60
_LOOK_S = 0.2
_SCREEN = "1280x800x24"


def until(wanted: Callable[[], T | None], what: str) -> T:
    """What `wanted` gives once it is not None."""
    end = time.monotonic() + _START_S
    while (found := wanted()) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come")
        time.sleep(_LOOK_S)
    return found


@contextmanager
def program(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that ends with the body."""
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def screen() -> Iterator[str]:
    """A display nobody sees; its name."""
    reader, writer = os.pipe()
    command = ("Xvfb", "-displayfd", str(writer), "-screen", "0", _SCREEN, "-nolisten", "tcp")
    process = subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as number:
            yield f":{number.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


class Topcat:
    """A TOPCAT that runs, asked by SAMP."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.id: str = until(self._find, "TOPCAT's registration with the hub")

    def _find(self) -> str | None:
        clients = self._client.get_subscribed_clients("table.load.votable")
        names = {id: self._client.get_metadata(id).get("samp.name") for id in clients}
        return next((id for id, name in names.items() if name == "topcat"), None)

    def ask(self, mtype: str, **parameters: str) -> dict[str, Any]:
        """The result of a message; fails where TOPCAT says that it could not."""
        response = self._client.ecall_and_wait(self.id, mtype, str(_LOAD_S), **parameters)
        if response["samp.status"] != "samp.ok":
            raise RuntimeError(f"{mtype}: {response.get('samp.error')}")
        result: dict[str, Any] = response["samp.result"]
        return result

    def table(self, table_id: str) -> Table:
        """The table TOPCAT holds under an id."""
        url = self.ask("table.get.stil", **{"table-id": table_id, "format": "votable"})["url"]
        if urlsplit(url).scheme == "file":
            return Table.read(unquote(urlsplit(url).path), format="votable")
        return Table.read(url, format="votable")


def check(store: str, tap: str, table: str, picture: Path | None) -> list[str]:
    """Load a table both ways and read back what TOPCAT holds.

    Args:
        store: folder of the store.
        tap: the URL of its service.
        table: a table of the store with positions.
        picture: a PNG file to write of TOPCAT's window, None for none.

    Returns:
        What was found, a line each.

    Raises:
        AssertionError: TOPCAT holds other rows than the store.
    """
    with Sky(store) as sky:
        rows = sky.table(table).rows
        position = [column for role in ("ra", "dec") if (column := sky.table(table).role(role))]
        expected = sky.sql(f'SELECT {", ".join(column.name for column in position)} FROM "{table}"').to_astropy()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="skyband-topcat-")))
        lockfile = folder / ".samp"
        os.environ["SAMP_HUB"] = f"std-lockurl:{lockfile.as_uri()}"
        hub = SAMPHubServer(web_profile=False, addr="127.0.0.1", lockfile=str(lockfile))
        hub.start()
        stack.callback(hub.stop)
        client = SAMPIntegratedClient(name="test", addr="127.0.0.1")
        client.connect()
        stack.callback(client.disconnect)
        sent_ids: list[str] = []

        def note(key: str, sender: str, message: str, mtype: str, parameters: dict[str, str], extra: object) -> None:
            sent_ids.append(parameters["table-id"])
            client.ereply(message, "samp.ok", result={})

        # What is sent to all tells under which id to ask TOPCAT for it.
        client.bind_receive_call("table.load.votable", note)
        display = stack.enter_context(screen())
        # Java takes its home from the password file, not from $HOME.
        java = f"-Xmx600M -Duser.home={folder}"
        stack.enter_context(program("topcat", "-nohub", DISPLAY=display, JAVA_TOOL_OPTIONS=java))
        topcat = Topcat(client)

        subprocess.run(
            [sys.executable, "-m", "skyband.server", "send", table, "--name", f"{table} by SAMP", "--store", store],
            check=True,
        )
        url = f"{tap}/sync?" + urlencode({"LANG": "ADQL", "QUERY": f"SELECT * FROM {table}", "MAXREC": str(rows)})
        topcat.ask("table.load.votable", url=url, **{"table-id": "by-url", "name": f"{table} by TAP"})
        received = []
        for way, table_id in (("skyband send", sent_ids[0]), (url, "by-url")):
            held = topcat.table(table_id)
            assert len(held) == rows, f"{way}: TOPCAT holds {len(held)} rows, not {rows}"
            for column in position:
                assert sorted(held[column.name]) == sorted(expected[column.name]), f"{way}: other values"
                assert held[column.name].unit == expected[column.name].unit, f"{way}: another unit"
            received.append(f"{len(held):,} rows by {way}")
        if picture is not None:
            subprocess.run(
                ["import", "-display", display, "-window", "root", "-trim", "+repage", str(picture)], check=True
            )
    return received


def main() -> None:
    """Run the check and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--tap", required=True)
    parser.add_argument("--table", default="sim_nir")
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    print("\n".join(check(given.store, given.tap.rstrip("/"), given.table, given.picture)))


if __name__ == "__main__":
    main()
