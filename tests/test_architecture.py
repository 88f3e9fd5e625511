"""The house: dependencies point one way, files stay small, the wheel holds every package."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What each folder may import of the others.
ALLOWED = {
    "schema": {"schema"},
    "queries": {"schema", "queries"},
    "ingest": {"schema", "queries", "ingest"},
    "models": {"schema", "queries", "models"},
    "server": {"schema", "queries", "ingest", "models", "server"},
}
FOLDERS = tuple(ALLOWED)
MODULES = [path.relative_to(ROOT) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_dependencies_point_one_way(module: Path) -> None:
    folders = {name.split(".")[1] for name in imported(ROOT / module) if name.startswith("skyband.")}
    assert folders <= ALLOWED[module.parts[0]]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_files_are_rooms_with_one_purpose(module: Path) -> None:
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", sorted(ROOT.glob("[a-z]*/**/*.sql")), ids=lambda path: path.name)
def test_sql_files_begin_with_their_purpose(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] in FOLDERS:
        assert path.read_text(encoding="utf-8").startswith("-- ")


def test_every_package_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    there = {
        ".".join(("skyband", *path.parent.relative_to(ROOT).parts))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == there


def test_the_locked_requirements_are_hashed_and_name_no_host() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "://" not in text
    blocks = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert blocks
    assert all(line.endswith("\\") for line in blocks)


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['skyband', '--help']\n"
        "from skyband.server.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'duckdb', 'pyarrow', 'astropy', 'healpy', 'lancedb', 'matplotlib', 'pandas', 'scipy'}\n"
        "heavy |= {'sqlglot'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.strip() == "[]"
    assert "crossmatch" in run.stdout
