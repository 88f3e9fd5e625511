"""The tables of a simulated sky: names and types of their columns, in file order.

=================  ==================  =======  ====================================================
table              imitates            epoch    identifier
=================  ==================  =======  ====================================================
`sim_optical`      SDSS PhotoObj       2005.0   `objid`
`sim_nir`          2MASS PSC           `jdate`  `designation`, from the observed position
`sim_mir`          AllWISE             2010.5   `designation`, from the observed position
`sim_astrometry`   Gaia DR3            2016.0   `source_id`, HEALPix order 12 in its upper bits
`sim_truth`        (nothing)           2016.0   `true_id`, linked to the four by `*_id`
`sim_light_curves` ZTF light curves    `mjd`    `object_id` in the table `survey`
=================  ==================  =======  ====================================================

SDSS magnitudes are AB, all others Vega. NULL stands wherever a survey measured nothing. Units, UCDs, roles and
descriptions are in `schema/surveys/sim_*.toml`; `table_columns` puts both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from skyband.schema.columns import Column
from skyband.schema.survey import load_survey

CLASSES = ("star", "giant", "white_dwarf", "brown_dwarf", "galaxy", "quasar", "cluster", "transient")
"""The eight object classes; `star` is the main sequence."""

OPTICAL_EPOCH = 2005.0
MIR_EPOCH = 2010.5
ASTROMETRY_EPOCH = 2016.0
"""Julian years of the positions; those of `sim_nir` differ from row to row."""

_DUCKDB_TYPES = {
    pa.int64(): "BIGINT",
    pa.int16(): "SMALLINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
}


def _floats(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.float32()) for name in names]


_POSITION = [("ra", pa.float64()), ("dec", pa.float64())]

SCHEMAS: Mapping[str, pa.Schema] = MappingProxyType(
    {
        "sim_optical": pa.schema(
            [
                ("objid", pa.int64()),
                *_POSITION,
                *_floats("raErr", "decErr"),
                *_floats(*(f"{kind}_{band}" for band in "ugriz" for kind in ("psfMag", "psfMagErr"))),
                *_floats(*(f"{kind}_{band}" for band in "ugriz" for kind in ("modelMag", "modelMagErr"))),
                ("extinction_r", pa.float32()),
                ("type", pa.int16()),
                ("petroR50_r", pa.float32()),
                ("clean", pa.int16()),
            ]
        ),
        "sim_nir": pa.schema(
            [
                ("designation", pa.string()),
                *_POSITION,
                ("jdate", pa.float64()),
                *_floats("err_maj", "err_min"),
                ("err_ang", pa.int16()),
                *_floats(*(f"{band}_{kind}" for band in "jhk" for kind in ("m", "msigcom"))),
                ("ph_qual", pa.string()),
                ("ext_key", pa.int64()),
            ]
        ),
        "sim_mir": pa.schema(
            [
                ("designation", pa.string()),
                *_POSITION,
                *_floats("sigra", "sigdec"),
                *_floats(*(f"w{band}{kind}" for band in range(1, 5) for kind in ("mpro", "sigmpro"))),
                ("ext_flg", pa.int16()),
                ("ph_qual", pa.string()),
            ]
        ),
        "sim_astrometry": pa.schema(
            [
                ("source_id", pa.int64()),
                ("ref_epoch", pa.float64()),
                *_POSITION,
                *_floats("ra_error", "dec_error", "ra_dec_corr", "parallax", "parallax_error"),
                *_floats("pmra", "pmra_error", "pmdec", "pmdec_error"),
                *_floats("phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag", "bp_rp"),
                *_floats("ruwe", "radial_velocity"),
            ]
        ),
        "sim_truth": pa.schema(
            [
                ("true_id", pa.int64()),
                ("class", pa.string()),
                ("subtype", pa.string()),
                *_POSITION,
                *_floats("pmra", "pmdec", "parallax", "redshift", "teff", "mag_r"),
                ("parent_id", pa.int64()),
                ("optical_id", pa.int64()),
                ("nir_id", pa.string()),
                ("mir_id", pa.string()),
                ("astrometry_id", pa.int64()),
            ]
        ),
    }
)
"""The schema of each file."""

LIGHT_CURVES = "sim_light_curves"
LIGHT_CURVE_SCHEMA = pa.schema(
    [
        ("measurement_id", pa.int64()),
        ("survey", pa.string()),
        ("object_id", pa.int64()),
        ("mjd", pa.float64()),
        ("band", pa.string()),
        *_floats("mag", "mag_error"),
    ]
)
"""The file of light curves, which is written where some are asked for."""

LINKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sim_optical": ("optical_id", "objid"),
        "sim_nir": ("nir_id", "designation"),
        "sim_mir": ("mir_id", "designation"),
        "sim_astrometry": ("astrometry_id", "source_id"),
    }
)
"""For each survey, the column of `sim_truth` that points to it and the column it points to."""


def table_columns(name: str) -> tuple[Column, ...]:
    """The columns of a table with unit, UCD, role and description."""
    return load_survey(name).describe([Column(item.name, _DUCKDB_TYPES[item.type]) for item in SCHEMAS[name]])
