"""A SAMP client that asks and waits: the standard profile of SAMP 1.3 over XML-RPC.

What it needs of SAMP is a few calls of the hub; answers come as the return value of a call, so nothing listens here.
"""

from __future__ import annotations

import http.client
import os
import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from skyband.schema.errors import BadFile, NoReceiver

_START = "start TOPCAT, or any program with a SAMP hub, first"
_GRACE_S = 10
"""Seconds a hub may take beside its clients."""
_FAULTS = (OSError, http.client.HTTPException, xmlrpc.client.Error)


class Hub:
    """A SAMP hub this program is registered with; see `connected`."""

    def __init__(self, calls: Any, key: str, wait_s: int) -> None:
        self._calls = calls
        self._key = key
        self._wait_s = wait_s

    def receivers(self, mtype: str) -> dict[str, str]:
        """The names of the clients that take such messages, by id.

        Raises:
            NoReceiver: the hub does not answer.
        """
        with _hub_faults():
            return {client: self._name(client) for client in self._calls.getSubscribedClients(self._key, mtype)}

    def ask(self, client: str, mtype: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """Send a message and wait for the client's response (SAMP 1.3, 3.11); returns its samp.result.

        Raises:
            NoReceiver: the client could not do it, or said nothing in time.
        """
        message = {"samp.mtype": mtype, "samp.params": dict(parameters)}
        with _hub_faults():
            response = self._calls.callAndWait(self._key, client, message, str(self._wait_s))
        if response.get("samp.status") != "samp.ok":
            raise NoReceiver(str(response.get("samp.error", {}).get("samp.errortxt", "no reason given")))
        return cast(Mapping[str, Any], response.get("samp.result", {}))

    def _name(self, client: str) -> str:
        return str(self._calls.getMetadata(self._key, client).get("samp.name", client))


class _Transport(xmlrpc.client.Transport):
    """HTTP that does not wait for ever."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self._wait_s = wait_s

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """A connection with a time limit on every read."""
        connection = super().make_connection(host)
        connection.timeout = self._wait_s
        return connection


@contextmanager
def connected(name: str, *, wait_s: int) -> Iterator[Hub]:
    """The hub that runs here, for the body.

    Args:
        name: what other clients see.
        wait_s: the longest wait for a client's response.

    Raises:
        NoReceiver: no hub runs, or it does not answer.
        BadFile: the file that should say where the hub is cannot be read.
    """
    lockfile = _lockfile()
    try:
        lines = [line.partition("=") for line in lockfile.read_text().splitlines() if not line.startswith("#")]
    except FileNotFoundError:
        raise NoReceiver(f"no SAMP hub runs ({lockfile} is not there); {_START}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{lockfile} cannot be read: {error}; {_START}") from error
    entries = {key.strip(): value.strip() for key, _, value in lines}
    url, secret = entries.get("samp.hub.xmlrpc.url"), entries.get("samp.secret")
    if not url or not secret:
        raise BadFile(f"{lockfile} names no SAMP hub; {_START}")
    with _hub_faults():
        server = xmlrpc.client.ServerProxy(url, transport=_Transport(wait_s + _GRACE_S))
    with server:
        calls = cast(Any, server).samp.hub
        with _hub_faults():
            key = calls.register(secret)["samp.private-key"]
            calls.declareMetadata(key, {"samp.name": name})
        try:
            yield Hub(calls, key, wait_s)
        finally:
            # A hub that has gone needs no farewell.
            with suppress(*_FAULTS):
                calls.unregister(key)


def _lockfile() -> Path:
    """Where a hub says how it is reached (SAMP 1.3, 4.2)."""
    place = os.environ.get("SAMP_HUB", "")
    if not place:
        return Path.home() / ".samp"
    if not place.startswith("std-lockurl:file:"):
        raise BadFile(f"SAMP_HUB={place!r} is no std-lockurl:file: URL; correct or unset it")
    return Path(unquote(urlsplit(place.removeprefix("std-lockurl:")).path))


@contextmanager
def _hub_faults() -> Iterator[None]:
    try:
        yield
    except xmlrpc.client.Fault as error:
        raise NoReceiver(f"the SAMP hub refused: {error.faultString}") from error
    except _FAULTS as error:
        raise NoReceiver(f"the SAMP hub does not answer ({error}); {_START}") from error
