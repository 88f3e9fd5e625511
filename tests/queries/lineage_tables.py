"""Tables whose columns are followed through queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from skyband.queries.lineage import trace_columns
from skyband.schema.columns import Column

ID = Column("source_id", "BIGINT", ucd="meta.id;meta.main", description="Gaia identifier", role="id")
RA = Column("ra", "DOUBLE", "deg", "pos.eq.ra;meta.main", "mango:ra", description="Right ascension", role="ra")
DEC = Column("dec", "DOUBLE", "deg", "pos.eq.dec;meta.main", "mango:dec", description="Declination", role="dec")
PMRA = Column("pmra", "DOUBLE", "mas.yr**-1", "pos.pm;pos.eq.ra", description="Proper motion in RA", role="pmra")
PMDEC = Column("pmdec", "DOUBLE", "mas.yr**-1", "pos.pm;pos.eq.dec", description="Proper motion in Dec", role="pmdec")
PLX = Column("parallax", "DOUBLE", "mas", "pos.parallax.trig", description="Parallax", role="parallax")
PLX_ERROR = Column("parallax_error", "FLOAT", "mas", "stat.error;pos.parallax.trig", role="parallax_error")
BP = Column("bp", "FLOAT", "mag", "phot.mag;em.opt.B", description="BP magnitude")
RP = Column("rp", "FLOAT", "mag", "phot.mag;em.opt.R", description="RP magnitude")
SEEN = Column("seen", "TIMESTAMP", ucd="time.epoch", xtype="timestamp", description="First seen")
NAME = Column("name", "VARCHAR", ucd="meta.id", description="Name", ascii=True)
FLUXES = Column("fluxes", "DOUBLE[]", "Jy", "phot.flux", description="Fluxes")
PIXEL = Column("healpix_29", "BIGINT", ucd="pos.healpix", description="HEALPix index")
GAIA = (ID, RA, DEC, PMRA, PMDEC, PLX, PLX_ERROR, BP, RP, SEEN, NAME, FLUXES, PIXEL)
TMASS_ID = Column("designation", "VARCHAR", ucd="meta.id;meta.main", description="2MASS name", role="id", ascii=False)
T_ID = Column("source_id", "BIGINT", ucd="meta.id.cross", description="Gaia counterpart")
T_RA = Column("ra", "DOUBLE", "deg", "pos.eq.ra;meta.main", description="Right ascension, J2000", role="ra")
J = Column("j", "DOUBLE", "mag", "phot.mag", description="J magnitude")
H = Column("h", "DOUBLE", "mag", "phot.mag", description="H magnitude")
PARTS = Column("parts", "STRUCT(a INTEGER, b INTEGER)")
TMASS = (TMASS_ID, T_ID, T_RA, J, H, PARTS)
KEYS = (replace(ID, name="id"), RA, DEC)
TABLES = {"gaia": GAIA, "tmass": TMASS, "keys.gaia": KEYS}
MATCHED = (*GAIA, Column("sep_arcsec", "DOUBLE", "arcsec", "pos.angDistance"))


def tables(name: str) -> Sequence[Column] | None:
    return TABLES.get(name.lower())


def functions(name: str, arguments: Sequence[str]) -> Sequence[Column] | None:
    return MATCHED if (name, arguments) == ("xmatch", ["gaia", "tmass", "1.5"]) else None


MACROS = """
CREATE MACRO angdist_arcsec(ra1, dec1, ra2, dec2) AS (ra1 + dec1 + ra2 + dec2)::DOUBLE;
CREATE MACRO healpix("order", ra, dec) AS (ra * dec)::BIGINT;
CREATE MACRO healpix_of(healpix_29, "order") AS healpix_29 >> (2 * (29 - "order"));
CREATE MACRO galactic_lon(ra, dec) AS ra + dec;
CREATE MACRO galactic_lat(ra, dec) AS ra - dec;
CREATE MACRO cone("table", ra0, dec0, radius_deg) AS TABLE SELECT * FROM query_table("table") WHERE ra < radius_deg;
CREATE MACRO xmatch("left", "right", radius_arcsec) AS TABLE
    SELECT *, radius_arcsec::DOUBLE AS sep_arcsec FROM query_table("left");
"""


def trace(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Column, ...]:
    described = connection.execute(f"DESCRIBE {query}").fetchall()
    names, types = zip(*((row[0], row[1]) for row in described), strict=True)
    return trace_columns(query, names, types, tables=tables, functions=functions)


def told(unit: str = "", ucd: str = "", description: str = "", ascii: bool | None = None) -> Column:
    return Column("x", "", unit, ucd, description=description, ascii=ascii)


def named(name: str, column: Column, type: str = "") -> Column:
    return replace(column, name=name, type=type or column.type)


def value(column: Column) -> Column:
    """What is computed from a column: it keeps unit and UCD, but is no longer the column itself."""
    return replace(column, ucd=column.ucd.replace(";meta.main", ""), utype="", role="", description="")


def bare(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "DOUBLE") for name in names)
