"""Parameters of TAP and what they mean."""

from __future__ import annotations

import pytest

from skyband.queries.formats import Info
from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings
from skyband.server.tap.request import Asked, read_query
from skyband.server.web.parameters import Parameters

SETTINGS = Settings(default_max_rows=100, query_max_rows=1000)


def read(*items: tuple[str, str]) -> Asked:
    return read_query(Parameters(items), SETTINGS)


def test_names_are_read_in_any_case_and_defaults_fill_in() -> None:
    assert read(("lang", "ADQL"), ("Query", "SELECT 1"), ("unknown", "x")) == Asked(
        text="SELECT 1", language="adql", format="votable", max_rows=100, uploads={}, infos=()
    )


def test_everything_can_be_asked() -> None:
    assert read(
        ("REQUEST", "doQuery"),
        ("LANG", "adql-2.0"),
        ("QUERY", "SELECT 1"),
        ("FORMAT", "fits"),
        ("RESPONSEFORMAT", "text/csv"),
        ("MAXREC", "7"),
        ("UPLOAD", "a,param:x;tap_upload.B,http://h/t.vot"),
        ("UPLOAD", "c,param:y"),
        ("RUNID", "mine"),
    ) == Asked(
        text="SELECT 1",
        language="adql",
        format="csv",
        max_rows=7,
        uploads={"a": "param:x", "B": "http://h/t.vot", "c": "param:y"},
        infos=(Info("RUNID", "mine"),),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("votable", "votable"),
        ("application/x-votable+xml;serialization=BINARY2", "votable"),
        ("application/x-votable+xml; serialization=tabledata", "votable-tabledata"),
        ("votable/td", "votable-tabledata"),
        ("text/xml", "votable"),
        ("application/fits", "fits"),
        ("text/csv;header=present", "csv"),
        ("application/vnd.apache.parquet", "parquet"),
        ("tsv", "tsv"),
        ("arrow", "arrow"),
    ],
)
def test_formats_have_many_names(text: str, name: str) -> None:
    assert read(("LANG", "ADQL"), ("QUERY", "q"), ("RESPONSEFORMAT", text)).format == name


def test_maxrec_is_never_above_the_limit_and_may_be_zero() -> None:
    limits = [read(("LANG", "ADQL"), ("QUERY", "q"), ("MAXREC", text)).max_rows for text in ("0", "999", "5000")]
    assert limits == [0, 999, 1000]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([("QUERY", "q")], "LANG is missing"),
        ([("LANG", "ADQL")], "QUERY is missing"),
        ([("LANG", "OOBLECK"), ("QUERY", "q")], "OOBLECK"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("query", "r")], "2 times"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("REQUEST", "drop")], "doQuery"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("FORMAT", "xls")], "no format 'xls'"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("MAXREC", "-1")], "MAXREC"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("MAXREC", "1e3")], "MAXREC"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("UPLOAD", "a")], "table_name,URI"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("UPLOAD", "a;drop,param:x")], "table_name,URI"),
        ([("LANG", "ADQL"), ("QUERY", "q"), ("UPLOAD", "a,param:x;A,param:y")], "twice"),
    ],
)
def test_what_is_wrong_is_named(items: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        read(*items)
