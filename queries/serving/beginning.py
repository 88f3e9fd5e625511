"""How every process of a server begins."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

from skyband.queries.serving import frames
from skyband.queries.serving.lockdown import die_with_parent


def connected() -> tuple[socket.socket, dict[str, Any]]:
    """The connection to the server, whose file number is the first argument, and what the server has set up.

    The process ends if its server is gone, and with it from now on.
    """
    connection = socket.socket(fileno=int(sys.argv[1]))
    received = frames.receive(connection)
    if received is None or received[0] != frames.SETUP:
        os._exit(1)
    setup: dict[str, Any] = json.loads(received[1])
    die_with_parent(setup["parent"])
    return connection, setup
