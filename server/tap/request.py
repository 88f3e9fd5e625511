"""What a TAP client asks: parameters to a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from skyband.queries.formats import Info
from skyband.queries.serving.question import Language
from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters

LANGUAGES: Mapping[str, Language] = {
    "ADQL": "adql",
    "ADQL-2.0": "adql",
    "ADQL-2.1": "adql",
    "DUCKDB": "sql",
    "DUCKDB-2": "sql",
}
"""LANG to the language of a query; the versions of capabilities are accepted behind a hyphen."""

_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as a client asks it."""

    text: str
    language: Language
    format: str
    max_rows: int
    uploads: Mapping[str, str]  # table name to URI
    infos: tuple[Info, ...]


def read_query(parameters: Parameters, settings: Settings) -> Asked:
    """The query in the parameters of a request or of a job.

    Raises:
        BadOption: a parameter is missing, given twice, or has an impossible value.
    """
    request = parameters.one("REQUEST") or "doQuery"
    if request != "doQuery":
        raise BadOption(f"REQUEST={request!r} is not doQuery")
    language = parameters.one("LANG")
    if language is None:
        raise BadOption("parameter LANG is missing; give LANG=ADQL")
    if language.upper() not in LANGUAGES:
        raise BadOption(f"LANG={language!r} is not spoken here; there are: {', '.join(LANGUAGES)}")
    text = parameters.one("QUERY")
    if text is None:
        raise BadOption("parameter QUERY is missing")
    form = parameters.one("RESPONSEFORMAT") or parameters.one("FORMAT") or "votable"
    run_id = parameters.one("RUNID")
    return Asked(
        text=text,
        language=LANGUAGES[language.upper()],
        format=format_named(form),
        max_rows=read_maxrec(parameters, settings),
        uploads=dict(read_uploads(parameters.all("UPLOAD"))),
        infos=(Info("RUNID", run_id),) if run_id else (),
    )


def read_maxrec(parameters: Parameters, settings: Settings) -> int:
    """MAXREC, or the default, and never more than the limit of the service.

    Raises:
        BadOption: it is not a number of rows.
    """
    text = parameters.one("MAXREC")
    if text is None:
        return min(settings.default_max_rows, settings.query_max_rows)
    if not re.fullmatch(r"\d{1,18}", text):
        raise BadOption(f"MAXREC={text!r} is not a number of rows")
    return min(int(text), settings.query_max_rows)


def read_uploads(values: list[str]) -> list[tuple[str, str]]:
    """Table names and URIs of UPLOAD parameters, `name,uri;name,uri`, which may be given more than once.

    Raises:
        BadOption: one is not of that form, or a table is named twice.
    """
    found: dict[str, tuple[str, str]] = {}
    for item in (part for value in values for part in value.split(";") if part.strip()):
        name, comma, uri = (word.strip() for word in item.partition(","))
        name = re.sub(r"^tap_upload\.", "", name, flags=re.IGNORECASE)
        if not comma or not uri or not _TABLE_NAME.fullmatch(name):
            raise BadOption(f"UPLOAD={item!r} is not of the form table_name,URI")
        if name.lower() in found:
            raise BadOption(f"UPLOAD names the table {name} twice")
        found[name.lower()] = (name, uri)
    return list(found.values())


def merged_uploads(before: str, given: str) -> str:
    """The UPLOAD of a job after one more was posted: a table named again is the one given last.

    What is of no known form is kept, so that the job fails for it.
    """
    items: dict[str, str] = {}
    for item in f"{before};{given}".split(";"):
        if item.strip():
            items[item.partition(",")[0].strip().lower()] = item
    return ";".join(items.values())
