"""The table metadata astropy writes as YAML, at the head of ECSV files and inside Parquet files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyband.ingest.readers.frames import Frame, frame_of, julian_year
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile
from skyband.schema.faults import first_line
from skyband.schema.units import to_vounit

_COLUMNS_KEY = "__serialized_columns__"
_UCDS = {
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "l": "pos.galactic.lon;meta.main",
    "b": "pos.galactic.lat;meta.main",
    "lon": "pos.ecliptic.lon;meta.main",
    "lat": "pos.ecliptic.lat;meta.main",
    "pm_ra_cosdec": "pos.pm;pos.eq.ra",
    "pm_dec": "pos.pm;pos.eq.dec",
    "radial_velocity": "spect.dopplerVeloc",
}
"""UCDs of SkyCoord's components."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored column: what the YAML says of it."""

    name: str  # as stored
    datatype: str
    subtype: str
    column: Column  # type left empty; renamed where it is a component of the table's SkyCoord


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the YAML says of the table."""

    columns: tuple[Stored, ...]
    meta: Mapping[str, Any]
    delimiter: str = " "
    frame: Frame | None = None
    masks: Mapping[str, str] = field(default_factory=dict)  # stored mask column by the name of what it masks

    def text(self, *keys: str) -> str:
        """The first of these entries of the table's `meta`, as text."""
        found = next((self.meta[key] for key in keys if self.meta.get(key)), "")
        return " ".join(map(str, found)) if isinstance(found, list) else str(found)


def read_metadata(path: Path, lines: list[str]) -> Metadata:
    """The metadata in lines of YAML.

    Raises:
        BadFile: it is no YAML, or not astropy's.
    """
    from astropy.table.meta import YamlParseError, get_header_from_yaml

    try:
        with warnings.catch_warnings(action="ignore"):  # units astropy does not know
            return _metadata(get_header_from_yaml(lines))
    except (YamlParseError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{path} is damaged: its YAML header cannot be read ({first_line(error)})") from None


def _metadata(header: Mapping[str, Any]) -> Metadata:
    entries = [(str(entry["name"]), entry) for entry in header["datatype"]]
    meta = dict(header.get("meta") or {})
    serialized = meta.pop(_COLUMNS_KEY, None) or {}
    frame, renamed = _sky(serialized, {name for name, _ in entries})
    stored = tuple(_stored(name, entry, renamed.get(name)) for name, entry in entries)
    return Metadata(stored, meta, str(header.get("delimiter", " ")), frame, _masks(serialized))


def _stored(name: str, entry: Mapping[str, Any], component: tuple[str, str] | None) -> Stored:
    meta = dict(entry.get("meta") or {})
    new_name, ucd = component or (name, "")
    column = Column(
        name=new_name,
        type="",
        unit=to_vounit(str(entry.get("unit") or "")),
        ucd=str(meta.get("ucd") or ucd),
        utype=str(meta.get("utype") or ""),
        xtype=str(meta.get("xtype") or ""),
        description=" ".join(str(entry.get("description") or "").split()),
    )
    return Stored(name, str(entry.get("datatype", "")), str(entry.get("subtype") or ""), column)


def _sky(serialized: Mapping[str, Any], names: set[str]) -> tuple[Frame | None, dict[str, tuple[str, str]]]:
    """The frame of the first SkyCoord, and (new name, UCD) of its columns: `coord.ra` is the table's `ra`."""
    for prefix, mixin in serialized.items():
        if not str(mixin.get("__class__", "")).endswith("SkyCoord"):
            continue
        frame = frame_of(str(mixin.get("frame", "")), _year(mixin.get("equinox")))
        if frame is None:
            continue
        renamed = {}
        for name in names:
            component = re.sub(rf"^{re.escape(prefix)}\.", "", name)
            if component != name:
                renamed[name] = (component if component not in names else name, _UCDS.get(component, ""))
        return frame._replace(epoch=julian_year(_year(mixin.get("obstime")))), renamed
    return None, {}


def _masks(serialized: Mapping[str, Any]) -> dict[str, str]:
    """The columns that hold the masks of others (astropy's Parquet writer)."""
    masks = {}
    for mixin in serialized.values():
        if str(mixin.get("__class__", "")).endswith("MaskedColumn"):
            data, mask = mixin.get("data"), mixin.get("mask")
            if isinstance(data, dict) and isinstance(mask, dict):
                masks[str(data["name"])] = str(mask["name"])
    return masks


def _year(time: Any) -> str | None:
    """An astropy Time as "J2015.5", or "B1950" where it is written so; None where it is none or one a row."""
    if not getattr(time, "isscalar", False) or not hasattr(time, "jyear"):
        return None
    return str(time.value) if time.format == "byear_str" else f"J{float(time.jyear):.10g}"
