"""Which result format a client asked for, by name, MIME type or DALI's short names."""

from __future__ import annotations

from collections.abc import Mapping

from skyband.queries.formats import FORMATS
from skyband.schema.errors import BadOption

ALIASES: Mapping[str, tuple[str, ...]] = {
    "votable": ("votable", "application/x-votable+xml", "text/xml", "votable/b2"),
    "votable-tabledata": ("votable/td", "application/x-votable+xml;serialization=tabledata"),
    "votable-binary": ("votable/b", "application/x-votable+xml;serialization=binary"),
    "fits": ("fits", "image/fits"),
    "parquet": ("parquet", "application/x-parquet"),
    "csv": ("csv", "text/csv;header=present", "text/csv"),
    "tsv": ("tsv", "text/tab-separated-values"),
    "json": ("json",),
    "ndjson": ("ndjson",),
    "arrow": ("arrow",),
    "arrow-file": ("arrow-file", "feather"),
}
"""What else a format of `queries.formats` is called in requests."""

IVO_IDS = {
    "votable": "ivo://ivoa.net/std/TAPRegExt#output-votable-binary2",
    "votable-tabledata": "ivo://ivoa.net/std/TAPRegExt#output-votable-td",
    "votable-binary": "ivo://ivoa.net/std/TAPRegExt#output-votable-binary",
}

_NAMES = {
    spelling.lower().replace(" ", ""): name
    for name, form in FORMATS.items()
    for spelling in (name, form.mime, *ALIASES[name])
}


def format_named(text: str) -> str:
    """The format of `queries.formats` a request names.

    Raises:
        BadOption: no format is called so.
    """
    found = _NAMES.get(text.lower().replace(" ", ""))
    if found is None:
        raise BadOption(f"no format {text!r}; there are: {', '.join(aliases[0] for aliases in ALIASES.values())}")
    return found
