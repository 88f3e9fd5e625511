"""Who somebody is, where no token says so."""

from __future__ import annotations

import pytest

from skyband.server.people import current_user


def test_the_user_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    assert current_user() == "ann"


def test_an_account_without_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert current_user() == "owner"
