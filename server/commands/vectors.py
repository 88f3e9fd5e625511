"""`skyband vectors`: collections of vectors, their indexes and their upkeep."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, note, print_facts, print_json, print_table, store_option

if TYPE_CHECKING:
    from skyband.queries.likeness import Collection, CollectionState, IndexReport


@click.group("vectors")
def command() -> None:
    """List, show, index, optimize and drop collections of vectors.

    Example: skyband vectors index galaxies --recall 0.995
    """


@command.command("list")
@json_option
@store_option
def list_collections(settings: Settings, as_json: bool) -> None:
    """List the collections of the store.

    Example: skyband vectors list
    """
    from skyband.queries.likeness import Collection
    from skyband.schema.store import Store

    store = Store.open(settings)
    states = [Collection.open(store, name).state() for name in Collection.names(store)]
    if as_json:
        print_json([_document(state, settings) for state in states])
        return
    print_table(
        ("collection", "rows", "dimensions", "encoder", "search", "recall", "version", "MB"),
        [
            (
                state.name,
                f"{state.rows:,}",
                state.provenance.dimensions,
                state.provenance.encoder,
                _search(state, settings),
                _recall(state, settings),
                state.version,
                f"{state.bytes / 1e6:,.1f}",
            )
            for state in states
        ],
        right=(1, 2, 5, 6, 7),
    )


@command.command("show")
@click.argument("name")
@json_option
@store_option
def show(settings: Settings, name: str, as_json: bool) -> None:
    """Show where a collection's vectors come from, its columns, and how well its index finds.

    Example: skyband vectors show galaxies
    """
    collection = _open(settings, name)
    state = collection.state()
    if as_json:
        print_json(_document(state, settings))
        return
    origin = state.provenance
    print_facts(
        {
            "collection": state.name,
            "rows": f"{state.rows:,}",
            "encoder": origin.encoder,
            "weights": origin.weights_sha256,
            "preprocessing": origin.preprocessing,
            "views": origin.views,
            "dimensions": origin.dimensions,
            **({"projection": _projection(collection)} if origin.pca else {}),
            "provenance": origin.digest,
            "version": f"{state.version} ({state.versions} kept)",
            "size": f"{state.bytes / 1e6:,.1f} MB in {state.fragments} fragments",
            "search": _search(state, settings),
            "recall": _recall(state, settings),
            **(_index_facts(state, state.index) if state.index else {}),
        }
    )
    print()
    print_table(("column", "type"), state.columns)


@command.command("index")
@click.argument("name")
@click.option("--recall", type=float, metavar="SHARE", help="Of the true 10 nearest to be found (default: 0.99).")
@json_option
@store_option
def index(settings: Settings, name: str, recall: float | None, as_json: bool) -> None:
    """Build the cheapest index that finds what exact search finds, and keep how well it does.

    Example: skyband vectors index galaxies --recall 0.99
    """
    collection = _open(settings, name)
    report = collection.build_index(recall, note)
    if as_json:
        print_json(asdict(report))
        return
    print_facts(_index_facts(collection.state(), report))
    if report.rows <= settings.likeness_exact_rows:
        note(
            f"not used below {settings.likeness_exact_rows:,} rows (SKYBAND_LIKENESS_EXACT_ROWS): search is exact there"
        )


@command.command("optimize")
@click.argument("name")
@json_option
@store_option
def optimize(settings: Settings, name: str, as_json: bool) -> None:
    """Join small files, put later rows into the index, delete versions older than likeness_keep_versions_s.

    Example: skyband vectors optimize galaxies
    """
    before, after = _open(settings, name).optimize()
    if as_json:
        print_json({"before": _document(before, settings), "after": _document(after, settings)})
        return
    print_table(
        ("", "fragments", "unindexed rows", "versions", "MB"),
        [
            (when, state.fragments, f"{state.unindexed_rows:,}", state.versions, f"{state.bytes / 1e6:,.1f}")
            for when, state in (("before", before), ("after", after))
        ],
        right=(1, 2, 3, 4),
    )


@command.command("drop")
@click.argument("name")
@store_option
def drop(settings: Settings, name: str) -> None:
    """Remove the vectors of a collection and their index; images and thumbnails stay.

    Example: skyband vectors drop galaxies && skyband embed galaxies --pca 40
    """
    from skyband.queries.likeness import Collection
    from skyband.schema.store import Store

    Collection.drop(Store.open(settings), name)
    note(f"dropped the vectors of {name}")


def _open(settings: Settings, name: str) -> Collection:
    from skyband.queries.likeness import Collection
    from skyband.schema.store import Store

    return Collection.open(Store.open(settings), name)


def _projection(collection: Collection) -> str:
    """What the projection of the vectors keeps."""
    from skyband.models.encoders.collection import projection_of

    return projection_of(collection).words


def _document(state: CollectionState, settings: Settings) -> dict[str, Any]:
    document = asdict(state) | {"search": _search(state, settings)}
    document["provenance"]["digest"] = state.provenance.digest
    document["columns"] = [{"name": name, "type": type_} for name, type_ in state.columns]
    return document


def _search(state: CollectionState, settings: Settings) -> str:
    if state.rows <= settings.likeness_exact_rows:
        return "exact, in memory"
    return state.index.kind if state.index else "exact, from disk (no index)"


def _recall(state: CollectionState, settings: Settings) -> str:
    is_exact = state.rows <= settings.likeness_exact_rows or state.index is None
    return "1" if is_exact or state.index is None else f"{state.index.recall:.4f}"


def _index_facts(state: CollectionState, report: IndexReport) -> dict[str, object]:
    facts: dict[str, object] = {
        "index": f"{report.kind}, {report.partitions:,} partitions, built {report.built} in {report.build_s:.1f} s",
        "index recall": f"{report.recall:.4f} of {report.neighbours} nearest (asked for: {report.target:g}), "
        f"{report.queries} rows looked for",
        "index time": f"{report.ms_per_query:.2f} ms a query, one by one",
        "index rows": f"{report.rows:,}, and {state.unindexed_rows:,} later ones looked at one by one",
        "index by": f"LanceDB {report.lance_version}",
    }
    if report.rejected:
        facts["index rejected"] = report.rejected
    for effort in report.efforts:
        graph = f", ef {effort.ef}, refined {effort.refine_factor}x" if effort.ef else ""
        facts[f"{effort.neighbours:,} nearest"] = f"recall {effort.recall:.4f} with {effort.nprobes} probes{graph}"
    return facts
