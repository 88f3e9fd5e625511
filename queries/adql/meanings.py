"""What the functions of ADQL measure: unit and UCD of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from skyband.queries.adql.kinds import Value
from skyband.schema.columns import Column

_MEANINGS: Mapping[str, Column] = {
    "DISTANCE": Column("", "DOUBLE", unit="deg", ucd="pos.angDistance"),
    "AREA": Column("", "DOUBLE", unit="deg**2", ucd="phys.angArea"),
    "COORD1": Column("", "DOUBLE", unit="deg", ucd="pos.eq.ra"),
    "COORD2": Column("", "DOUBLE", unit="deg", ucd="pos.eq.dec"),
    "POINT": Column("", "DOUBLE[2]", unit="deg", ucd="pos.eq"),
    "CENTROID": Column("", "DOUBLE[2]", unit="deg", ucd="pos.eq"),
    "CIRCLE": Column("", "DOUBLE[3]", unit="deg", ucd="pos.outline"),
    "BOX": Column("", "DOUBLE[]", unit="deg", ucd="pos.outline"),
    "POLYGON": Column("", "DOUBLE[]", unit="deg", ucd="pos.outline"),
    "REGION": Column("", "DOUBLE[]", unit="deg", ucd="pos.outline"),
    "IVO_HEALPIX_INDEX": Column("", "BIGINT", ucd="pos.healpix"),
    "IVO_HEALPIX_CENTER": Column("", "DOUBLE[2]", unit="deg", ucd="pos.eq"),
    "IVO_EPOCH_PROP_POS": Column("", "DOUBLE[2]", unit="deg", ucd="pos.eq"),
    "IVO_TO_JD": Column("", "DOUBLE", unit="d", ucd="time.epoch"),
    "IVO_TO_MJD": Column("", "DOUBLE", unit="d", ucd="time.epoch"),
    "IVO_HMS_TO_DEGREES": Column("", "DOUBLE", unit="deg"),
    "IVO_DMS_TO_DEGREES": Column("", "DOUBLE", unit="deg"),
}

_OTHER_AXES = {"GALACTIC": "pos.galactic", "SUPERGALACTIC": "pos.supergalactic", "ECLIPTIC": "pos.ecliptic"}
"""UCD words of frames that are not equatorial."""


def meaning(name: str, value: Value, arguments: Sequence[Value]) -> Column | None:
    """What a call measures, None where its name does not tell.

    Args:
        name: of the function.
        value: of the call.
        arguments: of the call; those of coordinates tell their frame.
    """
    column = _MEANINGS.get(value.kind.upper() if name == "IVO_GEOM_TRANSFORM" else name)
    frame = value.frame or (arguments[0].frame if arguments else "")
    if column is None or frame not in _OTHER_AXES or not column.ucd.startswith("pos.eq"):
        return column
    axis = {"pos.eq.ra": ".lon", "pos.eq.dec": ".lat"}.get(column.ucd)
    # UCD1+ has words for the axes of these frames, not for both together.
    return replace(column, ucd=_OTHER_AXES[frame] + axis if axis else "pos")
