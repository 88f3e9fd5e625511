"""`skyband adql`."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from skyband.schema.store import Store
from skyband.server.cli import main


@pytest.mark.parametrize(
    ("query", "options", "code", "shown"),
    [
        ("SELECT TOP 1 id FROM gaia", [], 0, "LIMIT 1"),
        ("SELECT id FROM nothing", ["--check", "syntax"], 0, ""),
        ("SELECT id FROM gaia", ["--check"], 0, ""),
        ("SELECT id FROM nothing", ["--check"], 2, "line 1, column 16: unknown table 'nothing'"),
        ("SELECT id FROM nothing", [], 2, "line 1, column 16"),
        ("SELECT FROM gaia", ["--check", "syntax"], 2, "line 1, column 8"),
    ],
)
def test_adql_shows_and_checks(
    store: Store,
    make_table: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    query: str,
    options: list[str],
    code: int,
    shown: str,
) -> None:
    make_table("gaia", id=[1], ra=[10.0], dec=[20.0])
    monkeypatch.setenv("SKYBAND_STORE", str(store.path))
    for extra in ([], ["--json"]):
        monkeypatch.setattr(sys, "argv", ["skyband", "adql", query, *options, *extra])
        try:
            main()
            ended: Any = 0
        except SystemExit as stop:
            ended = stop.code
        output = capsys.readouterr()
        assert ended == code
        if extra:
            answer = json.loads(output.out)
            assert (answer["error"] is None) == (code == 0)
            assert code == 0 or f"column {answer['column']}" in answer["error"]
        else:
            assert shown in (output.err if code else output.out)
