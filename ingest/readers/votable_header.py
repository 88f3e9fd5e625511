"""What a VOTable says before its rows: fields, frame, provenance (IVOA VOTable 1.1 to 1.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from skyband.ingest.readers.frames import Frame, column_frame, frame_of
from skyband.ingest.readers.source import Source
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile
from skyband.schema.units import to_vounit

BLOCK_BYTES = 1 << 20
EQUATORIAL = {"ICRS", "FK5", "FK4"}
Attributes = Mapping[str, str]


@dataclass(slots=True)
class Field:
    """One FIELD, as written."""

    attributes: Attributes
    null: str | None = None  # VALUES null=
    description: str = ""

    @property
    def name(self) -> str:
        """Its name, or its ID where it has none."""
        return self.attributes.get("name") or self.attributes.get("ID") or ""

    @property
    def ucd(self) -> str:
        """Its UCD as written."""
        return self.attributes.get("ucd", "").strip()

    def column(self, name: str, type: str) -> Column:
        """The column it makes, under a name and of a DuckDB type."""
        given = self.attributes.get
        return Column(
            name=name,
            type=type,
            unit=to_vounit(given("unit", "")),
            ucd=self.ucd,
            utype=given("utype", ""),
            xtype=given("xtype", ""),
            description=self.description,
        )


@dataclass(slots=True)
class Table:
    """One TABLE."""

    attributes: Attributes
    fields: list[Field] = field(default_factory=list)
    description: str = ""

    @property
    def name(self) -> str:
        """Its name, or its ID where it has none."""
        return self.attributes.get("name") or self.attributes.get("ID") or ""

    @property
    def rows(self) -> int | None:
        """Number of rows, where it says so."""
        text = self.attributes.get("nrows", "")
        return int(text) if text.isdecimal() else None


class Document:
    """A VOTable document while it is parsed.

    `on_data(tag, attributes)` is called when the data of `tables[-1]` begin: `TABLEDATA`, or the `STREAM` of a BINARY,
    BINARY2 or FITS element, whose name is then in `serialisation`.
    """

    def __init__(self, path: Path, on_data: Callable[[str, Attributes], None]) -> None:
        self.path = path  # for messages
        self.tables: list[Table] = []
        self.serialisation = ""
        self.prefix = ""  # namespace prefix of the last element begun, with its colon
        self.descriptions: list[str] = []  # of VOTABLE and RESOURCE, outermost first
        self.infos: dict[str, str] = {}  # first value by lower-case name
        self.error = ""  # text of an INFO QUERY_STATUS="ERROR"
        self.systems: dict[str, Attributes] = {}  # COOSYS by ID
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.buffer_size = BLOCK_BYTES
        self.parser.EntityDeclHandler = self._entity
        self._on_data = on_data
        self._ancestors: list[str] = []
        self._text = ""
        self.listen()

    def listen(self) -> None:
        """Take the events of the parser (back) from whoever reads rows."""
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def end_data(self, name: str) -> None:
        """The end of the element a reader of rows took over at."""
        self.listen()
        self._end(name)

    def feed(self, block: bytes) -> None:
        """Parse the next bytes; none ends the document.

        Raises:
            BadFile: it is not well-formed, or stops early.
        """
        try:
            self.parser.Parse(block, not block)
        except expat.ExpatError as error:
            what = "is not well-formed XML" if block else "is truncated"
            reason = f"{expat.ErrorString(error.code)} at line {error.lineno}, column {error.offset}"
            raise BadFile(f"{self.path} {what}: {reason}; fetch it again") from None
        except (LookupError, ValueError) as error:
            if isinstance(error, BadFile):
                raise
            raise BadFile(f"{self.path} cannot be decoded: {error}") from None

    def _entity(self, *_: object) -> None:
        # Entities may expand without end (the "billion laughs"), and no VOTable needs one.
        raise BadFile(f"{self.path} declares XML entities, which skyband does not expand; take them out")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        head, colon, tag = name.rpartition(":")
        self.prefix = head + colon
        parent = self._ancestors[-1] if self._ancestors else ""
        self._ancestors.append(tag)
        self._text = ""
        match tag:
            case "TABLE":
                self.tables.append(Table(attributes))
            case "FIELD" if parent == "TABLE":
                self.tables[-1].fields.append(Field(attributes))
            case "VALUES" if parent == "FIELD":
                self.tables[-1].fields[-1].null = attributes.get("null")
            case "COOSYS":
                self.systems[attributes.get("ID", "")] = attributes
            case "INFO":
                self.infos.setdefault(attributes.get("name", "").lower(), attributes.get("value", ""))
            case "BINARY" | "BINARY2" | "FITS":
                self.serialisation = tag
            case "TABLEDATA" | "STREAM" if self.tables:
                self._on_data(tag, attributes)

    def _end(self, name: str) -> None:
        tag = self._ancestors.pop()
        parent = self._ancestors[-1] if self._ancestors else ""
        text = " ".join(self._text.split())
        self._text = ""
        match tag, parent:
            case "DESCRIPTION", "TABLE":
                self.tables[-1].description = text
            case "DESCRIPTION", "FIELD" if self.tables:
                self.tables[-1].fields[-1].description = text
            case "DESCRIPTION", "RESOURCE" | "VOTABLE":
                self.descriptions.append(text)
            case "INFO", _ if self.infos.get("query_status", "").upper() == "ERROR" and not self.error:
                self.error = text or "no reason given"

    def _characters(self, text: str) -> None:
        self._text += text

    def frame(self, table: Table) -> Frame | None:
        """The frame declared for a table's positions, None where none is.

        That of the COOSYS the main position column refers to; else that of the only COOSYS there is, unless the UCDs
        say that the positions are of another kind.
        """
        ucds = [item.ucd for item in table.fields]
        implied = column_frame(ucds)
        if implied is not None:
            columns = [item for item in table.fields if column_frame([item.ucd]) == implied]
            for item in sorted(columns, key=lambda item: "main" not in item.ucd.lower()):
                system = self.systems.get(item.attributes.get("ref", ""))
                if system is not None:
                    return _coosys(system)
        declared = {frame for system in self.systems.values() if (frame := _coosys(system)) is not None}
        if len(declared) == 1:
            frame = declared.pop()
            if implied is None or implied.name == frame.name or {implied.name, frame.name} <= EQUATORIAL:
                return frame
        return None

    def info(self, *names: str) -> str:
        """The first of these INFOs that says something."""
        return next((self.infos[name] for name in names if self.infos.get(name)), "")


def read_document(path: Path, stream: BinaryIO) -> Document:
    """A whole document without its rows."""
    document = Document(path, lambda *_: None)
    while block := stream.read(BLOCK_BYTES):
        document.feed(block)
    document.feed(b"")
    return document


def described(source: Source, stream: BinaryIO, place: int = 0) -> Source:
    """The source with what a VOTable beside its rows says: the metadata of "fits-plus" and VOParquet files.

    `place` is the number of the TABLE, from 0. Its FIELDs belong to columns by name. A VOTable that does not
    fit leaves the source as it was.
    """
    try:
        document = read_document(source.path, stream)
    except BadFile as error:
        return replace(source, notes=(*source.notes, f"its VOTable header was not used: {error}"))
    if place >= len(document.tables):
        return source
    return with_header(source, document, document.tables[place])


def with_header(source: Source, document: Document, table: Table) -> Source:
    """The source with the metadata of a TABLE where that has any."""
    fields = {item.name.lower(): item for item in table.fields}
    frame = document.frame(table) or Frame(source.frame, source.equinox, source.epoch)
    return replace(
        source,
        columns=tuple(_merged(column, fields.get(column.name.lower())) for column in source.columns),
        frame=frame.name,
        equinox=frame.equinox,
        epoch=frame.epoch,
        description=table.description or " ".join(document.descriptions) or source.description or table.name,
        source=" ".join(filter(None, (document.info("publisher"), document.info("ivoid", "reference_url"))))
        or source.source,
        licence=document.info("rights", "rights_uri", "licence", "license") or source.licence,
        citation=document.info("citation", "article", "bibcode") or source.citation,
    )


def _merged(column: Column, item: Field | None) -> Column:
    if item is None:
        return column
    said = item.column(column.name, column.type)
    return replace(
        column,
        unit=said.unit or column.unit,
        ucd=said.ucd or column.ucd,
        utype=said.utype or column.utype,
        xtype=said.xtype or column.xtype,
        description=said.description or column.description,
    )


def _coosys(system: Attributes) -> Frame | None:
    return frame_of(system.get("system", ""), system.get("equinox"), system.get("epoch"))
