"""What VizieR says about a table in the comments above its tab-separated rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from skyband.ingest.readers.frames import Frame, frame_of, julian_year

_COLUMN = re.compile(r"#Column\t([^\t]*)\t\((\w)[\d.]*\)\t([^\t]*)(?:\t\[ucd=([^\]]*)\])?")


@dataclass(slots=True)
class Catalogue:
    """A table of VizieR."""

    name: str = ""  # "II/246/out"
    title: str = ""
    frame: Frame = field(default_factory=Frame)
    formats: dict[str, str] = field(default_factory=dict)  # letter of the Fortran format by column name
    ucds: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)


def read_comments(lines: tuple[str, ...]) -> Catalogue:
    """The catalogue the comment lines describe; an empty one where they are not VizieR's.

    Lines are of the form `#Column<tab>RAJ2000<tab>(F10.6)<tab>Right ascension (J2000)<tab>[ucd=pos.eq.ra;meta.main]`,
    with `#Name:`, `#Title:` and `#Coosys<tab>J2000_2000.000:<tab>eq_FK5 J2000` before them.
    """
    catalogue = Catalogue()
    systems: list[Frame] = []
    for line in lines:
        if match := _COLUMN.match(line):
            name = match[1].strip()
            catalogue.formats[name] = match[2]
            catalogue.descriptions[name] = match[3].strip()
            catalogue.ucds[name] = (match[4] or "").strip()
        elif line.startswith("#Name:"):
            catalogue.name = line.partition(":")[2].strip()
        elif line.startswith("#Title:"):
            catalogue.title = line.partition(":")[2].strip()
        elif line.startswith("#Coosys"):
            frame = _system(line)
            if frame is not None:
                systems.append(frame)
    if not catalogue.formats:
        return Catalogue()
    catalogue.frame = _frame(catalogue, systems)
    return catalogue


def _system(line: str) -> Frame | None:
    """`#Coosys<tab>J2000_2010.000:<tab>eq_FK5 J2000`: the epoch stands behind the underscore."""
    _, _, rest = line.partition("\t")
    label, _, system = rest.partition(":")
    words = system.split()
    epoch = julian_year(label.partition("_")[2])
    return frame_of(words[0], words[1] if len(words) > 1 else None, epoch) if words else None


def _frame(catalogue: Catalogue, systems: list[Frame]) -> Frame:
    """That of the main right ascension: what its description says goes before the general `#Coosys`."""
    main = [name for name, ucd in catalogue.ucds.items() if ucd.startswith("pos.eq.ra")]
    if not main:
        return systems[0] if len(systems) == 1 else Frame()
    equatorial = [frame for frame in systems if frame.name in {"ICRS", "FK5", "FK4"}]
    described = catalogue.descriptions[main[0]]
    if "ICRS" in described:
        return Frame("ICRS", None, equatorial[0].epoch if len(equatorial) == 1 else None)
    return equatorial[0] if len(equatorial) == 1 else Frame()
