"""A validation as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skyband.models.validation.report import ValidationReport
from skyband.schema.faults import storage_error
from skyband.server.report.figures import style, svg_of
from skyband.server.validation.plots import plots_of
from skyband.server.validation.sheets import sheets_of
from skyband.server.validation.words import facts_of
from skyband.server.web.templates import render


def html_of(report: ValidationReport, manifest: dict[str, Any]) -> str:
    """The page, in one piece."""
    with style():
        plots = plots_of(report)
    sheets = sheets_of(report)
    parts = [(sheet, [(plot, svg_of(plot)) for plot in plots.get(sheet.title, ())]) for sheet in sheets]
    return render(
        "validation.html",
        report=report,
        facts=facts_of(report),
        parts=parts,
        manifest=manifest,
        data=manifest.get("data", {}),
    )


def write_page(report: ValidationReport, manifest: dict[str, Any], path: Path) -> None:
    """Write the page.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(html_of(report, manifest).encode())
    except OSError as error:
        raise storage_error(f"cannot write {path}", error) from error
