"""Damage anywhere in a file gives one clear error, or a table; never another exception."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.ingest.readers import open_source
from skyband.schema.errors import BadFile

FORMATS: dict[str, dict[str, str]] = {
    "table.fits": {},
    "tabledata.vot": {"format": "votable", "tabledata_format": "tabledata"},
    "binary.vot": {"format": "votable", "tabledata_format": "binary"},
    "binary2.vot": {"format": "votable", "tabledata_format": "binary2"},
    "table.ecsv": {},
    "table.csv": {"format": "ascii.csv"},
    "table.parquet": {},
}


@pytest.fixture
def written(tmp_path: Path, catalogue: Table) -> Callable[[str], Path]:
    def run(name: str) -> Path:
        catalogue["short"].mask = catalogue["int"].mask = catalogue["flag"].mask = False
        scalars = [column for column in catalogue.colnames if column not in {"pair", "five"}]
        (catalogue[scalars] if name.endswith("csv") else catalogue).write(tmp_path / name, **FORMATS[name])
        return tmp_path / name

    return run


@pytest.mark.parametrize("name", FORMATS)
def test_damage(written: Callable[[str], Path], name: str) -> None:
    path = written(name)
    whole = path.read_bytes()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 40), st.binary(max_size=4)), min_size=1, max_size=3
        )
    )
    def damage(cuts: list[tuple[int, int, bytes]]) -> None:
        data = bytearray(whole)
        for start, length, inserted in cuts:
            data[start : start + length] = inserted
        path.write_bytes(data)
        with duckdb.connect() as connection:
            try:
                source = open_source([path])
                with source.relation(connection) as sql:
                    connection.execute(f"CREATE TABLE rows AS FROM {sql}")
                source.rejects(connection)
            except BadFile as error:
                assert str(path) in str(error)

    damage()
