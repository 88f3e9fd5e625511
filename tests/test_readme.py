"""The README is true: its snippets run, and what it names exists."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from skyband.queries.crossmatch import Find, Join
from skyband.schema.settings import Settings
from skyband.server.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"
SNIPPETS = re.findall(r"^```(bash|python)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_every_snippet_runs_in_order(tmp_path: Path) -> None:
    assert len(SNIPPETS) >= 6
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with contextlib.ExitStack() as stack:
        for language, text in SNIPPETS:
            if ADDRESS in text and "SERVED" not in environment:
                environment["SERVED"] = stack.enter_context(served(tmp_path, environment))
            run(language, text.replace(ADDRESS, environment.get("SERVED", "")), tmp_path, environment)


@contextlib.contextmanager
def served(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The service over the store the snippets made; its address is free, unlike that in the README."""
    process = subprocess.Popen(
        ["skyband", "serve", "--port", "0"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        found = re.search(r"http://\S+(?=/ )", process.stdout.readline())
        try:
            assert found
            yield found[0]
        finally:
            process.terminate()


def run(language: str, text: str, folder: Path, environment: Mapping[str, str]) -> None:
    """One snippet."""
    if text.startswith("stilts") and shutil.which("stilts") is None:
        return
    command = ["bash", "-euo", "pipefail", "-c", text] if language == "bash" else [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    if "print(" in text:
        assert done.stdout == "mag\n"


def test_the_two_commands_are_in_the_makefile() -> None:
    targets = re.findall(r"^\$ make (\w+)$", README, re.MULTILINE)
    assert targets == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"demo", "drop"}))
def test_every_command_is_named(command: str) -> None:
    assert f"skyband {command}" in README


def test_every_choice_of_the_crossmatch_is_named() -> None:
    assert all(choice in README for choice in (*Find, *Join))


def test_every_setting_has_a_comment_with_its_meaning() -> None:
    source = (ROOT / "schema" / "settings.py").read_text(encoding="utf-8")
    for name in Settings.__slots__:
        assert re.search(rf"^    # .+\n    {name}:", source, re.MULTILINE), name
