"""The files have the columns that the survey definitions describe."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from skyband.ingest.simulate import SCHEMAS, SimulatedSky, table_columns
from skyband.ingest.simulate.columns import ASTROMETRY_EPOCH, MIR_EPOCH, OPTICAL_EPOCH
from skyband.ingest.simulate.objects import EPOCH
from skyband.schema.survey import load_survey


@pytest.mark.parametrize("name", SCHEMAS)
def test_definitions_and_files_have_the_same_columns(sky: SimulatedSky, name: str) -> None:
    names = pq.read_schema(sky.paths[name]).names
    assert names == SCHEMAS[name].names
    assert sorted(names) == sorted(column.name for column in load_survey(name).columns)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_is_described(name: str) -> None:
    columns = table_columns(name)
    assert all(column.description and column.ucd for column in columns)
    assert {"id", "ra", "dec"} <= {column.role for column in columns}


def test_epochs_are_those_of_the_definitions() -> None:
    assert load_survey("sim_optical").epoch == OPTICAL_EPOCH
    assert load_survey("sim_mir").epoch == MIR_EPOCH
    assert load_survey("sim_truth").epoch == EPOCH == ASTROMETRY_EPOCH
    assert load_survey("sim_nir").epoch_column == "jdate"
    assert load_survey("sim_astrometry").epoch_column == "ref_epoch"
