"""Real catalogues through every format that astropy reads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from astropy.table import Table

from skyband.queries.formats import write_file
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column

CATALOGUES = [
    "xmatch_ngc188/gaia_dr2.parquet",
    "xmatch_ngc188/twomass_psc.parquet",
    "xmatch_eyuma/vsx.parquet",
]
READERS = {
    "stars.vot.gz": "votable",
    "stars.fits": "fits",
    "stars.csv": "ascii.csv",
    "stars.tsv": "ascii.tab",
}


@pytest.mark.real
@pytest.mark.parametrize("catalogue", CATALOGUES)
@pytest.mark.parametrize("file", READERS)
def test_catalogue_survives(catalogue: str, file: str, real_data: Path, tmp_path: Path) -> None:
    with duckdb.connect() as con:
        relation = con.read_parquet(str(real_data / catalogue))
        columns = tuple(Column(n, str(t)) for n, t in zip(relation.columns, relation.types, strict=True))
        table = relation.to_arrow_table()
        stream = ResultStream(columns, table.schema, iter(table.to_batches(max_chunksize=1000)))
        assert write_file(stream, tmp_path / file) == table.num_rows
    texts = [name for name in table.column_names if pa.types.is_string(table[name].type)]
    converters = dict.fromkeys(texts, str) if "ascii" in READERS[file] else None  # "022" is no number
    read = Table.read(tmp_path / file, format=READERS[file], **({"converters": converters} if converters else {}))
    assert read.colnames == table.column_names
    for name in table.column_names:
        wanted = table[name].to_pylist()
        values = [None if value is np.ma.masked else value for value in read[name]]
        if pa.types.is_floating(table[name].type):
            numbers = [np.nan if v is None else v for v in values], [np.nan if v is None else v for v in wanted]
            kind = table[name].type.to_pandas_dtype()
            np.testing.assert_array_equal(np.asarray(numbers[0], kind), np.asarray(numbers[1], kind))
        elif pa.types.is_string(table[name].type):
            assert [str(v or "").rstrip() for v in values] == [(v or "").rstrip() for v in wanted]
        else:
            assert values == wanted
