"""Who somebody is, where no token says so."""

from __future__ import annotations

import getpass


def current_user() -> str:
    """The name this machine knows the user of this process by."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without an entry, as containers have them
        return "owner"
