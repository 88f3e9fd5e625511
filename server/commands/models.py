"""`skyband models`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, percent, print_json, print_table, store_option


@click.command("models")
@click.argument("model", required=False)
@json_option
@store_option
def command(settings: Settings, model: str | None, as_json: bool) -> None:
    """List the models of the store, or say all that is known of MODEL (NAME or NAME@VERSION).

    Example: skyband models stars@2 --json
    """
    from skyband.models.scoring.shelf import find_model, model_names, model_versions, summary
    from skyband.schema.store import Store

    store = Store.open(settings)
    if model is not None:
        found = find_model(store, model)
        print_json({"model": found.title, "folder": str(found.folder)} | found.manifest())
        return
    rows = [summary(one) for name in model_names(store) for one in model_versions(store, name)]
    if as_json:
        print_json(rows)
        return
    header = ("model", "table", "rows", "classes", "accuracy", "macro F1")
    print_table(header, [(row["model"], *_cells(row)) for row in rows], right=(2, 4, 5))


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    if row["damaged"] or not row["finished"]:
        return ("damaged; train it anew" if row["damaged"] else "its training has not ended", "", "", "", "")
    figures = percent(row["accuracy"]), f"{row['macro_f1']:.3f}"
    return (str(row["table"]), f"{row['rows']:,}", ", ".join(row["classes"]), *figures)
