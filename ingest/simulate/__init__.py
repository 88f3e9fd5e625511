"""A simulated sky: one true sky seen by four surveys."""

from skyband.ingest.simulate.columns import CLASSES, SCHEMAS, table_columns
from skyband.ingest.simulate.sky import SimulatedSky, simulate_sky

__all__ = ["CLASSES", "SCHEMAS", "SimulatedSky", "simulate_sky", "table_columns"]
