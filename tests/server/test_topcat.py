"""TOPCAT itself, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "topcat.py"


@pytest.mark.skipif(
    not (shutil.which("topcat") and shutil.which("Xvfb")), reason="needs the Debian packages topcat and xvfb"
)
def test_topcat_takes_tables_by_samp_and_by_url(service: Any, sky_folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, SCRIPT, "--store", sky_folder, "--tap", service.tap, "--table", "sim_nir"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    ways = [line.split(" rows by ")[1] for line in run.stdout.splitlines() if " rows by " in line]
    assert ways[0] == "skyband send"
    assert ways[1].startswith(f"{service.tap}/sync?")
