"""The XML around a VOTable's rows: what the columns are, and whether the answer is whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

DEEPEST = 100
_ENCODINGS = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"}
_SAID = 500
_START = re.compile(rb"<(?:[\w.-]+:)?(?:TABLEDATA|STREAM)\b[^>]*>")
"""What may be the beginning of the rows, if it stands in no comment."""


class BadXml(ValueError):
    """The XML is damaged, or holds what no catalog needs; said as ``is …`` or ``holds …``."""


@dataclass(slots=True)
class Field:
    """A column as FIELD declares it, with the null of its VALUES."""

    name: str
    datatype: str
    arraysize: str | None = None
    unit: str | None = None
    null: str | None = None
    ucd: str | None = None


@dataclass(slots=True)
class Head:
    """What the XML around the rows says.

    Parameters
    ----------
    fields, rows
        The columns of the table, and how many rows it says that it has.
    kind
        TABLEDATA, BINARY or BINARY2; None as long as no rows have come.
    prefix
        What stands before the names of elements, with its colon.
    encoding
        Of the bytes, as the document declares it.
    ended
        Whether the rows have ended.
    tables
        How many tables have rows.
    status, said
        What QUERY_STATUS is, and the words with it.
    meta
        Other INFO by name.
    """

    fields: list[Field] = field(default_factory=list)
    rows: int | None = None
    kind: str | None = None
    prefix: str = ""
    encoding: str = "utf-8"
    ended: bool = False
    tables: int = 0
    status: str = "OK"
    said: str = ""
    meta: dict[str, str] = field(default_factory=dict)


class HeadParser:
    """Parse the XML around the rows, which are not fed.

    Examples
    --------
    >>> parser = HeadParser()
    >>> parser.feed(b"<VOTABLE><RESOURCE><TABLE><FIELD name='ra' datatype='double' unit='deg'/>")
    >>> parser.head.fields[0].unit
    'deg'
    """

    def __init__(self) -> None:
        self.head = Head()
        self._path: list[str] = []
        self._says = False
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.EntityDeclHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def feed(self, raw: bytes, *, final: bool = False) -> None:
        """Take the next bytes.

        Raises
        ------
        BadXml
            They are damaged, cut off, or of no VOTable.
        """
        try:
            self._parser.Parse(raw, final)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise BadXml(f"is damaged or cut off: {reason} in line {error.lineno}") from None
        except (UnicodeError, LookupError):
            raise BadXml("is damaged: its characters are not of its encoding") from None

    def feed_to_rows(self, raw: bytes, start: int) -> int:
        """Take bytes as far as where the rows begin or may begin, and return how far."""
        while (found := _START.search(raw, start)) is not None:
            self.feed(raw[start : found.end()])
            start = found.end()
            if self.head.kind is not None:
                break
        return start

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.head.encoding = (encoding or "utf-8").lower()
        if self.head.encoding not in _ENCODINGS:
            raise BadXml(f"is in the encoding {encoding!r}, not in UTF-8")

    def _entity(self, *_: object) -> None:
        raise BadXml("holds declarations of entities, which no catalog needs")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        prefix, colon, name = tag.rpartition(":")
        above = self._path[-1] if self._path else None
        self._path.append(name)
        if above is None and name != "VOTABLE":
            raise BadXml(f"holds XML of the kind {name!r}, not a VOTable")
        if len(self._path) > DEEPEST:
            raise BadXml("is damaged: its elements are nested without end")
        head = self.head
        if name == "INFO":
            self._info(attributes)
        elif name == "TABLE" and head.kind is None:
            head.fields = []
            rows = attributes.get("nrows", "")
            head.rows = int(rows) if re.fullmatch("[0-9]{1,18}", rows) else None
        elif name == "FIELD" and above == "TABLE" and head.kind is None:
            head.fields.append(_field(attributes))
        elif name == "VALUES" and above == "FIELD" and head.kind is None and head.fields:
            head.fields[-1].null = attributes.get("null")
        elif above == "DATA" and name == "FITS":
            raise BadXml("holds its rows as a FITS file")
        elif name == "TABLEDATA" or (name == "STREAM" and above in {"BINARY", "BINARY2"}):
            self._rows(name if name == "TABLEDATA" else above or "", prefix + colon, attributes)

    def _rows(self, kind: str, prefix: str, attributes: dict[str, str]) -> None:
        self.head.tables += 1
        if self.head.tables > 1:
            raise BadXml("holds several tables")
        if "href" in attributes:
            raise BadXml("holds its rows elsewhere, at the address of its STREAM")
        if kind != "TABLEDATA" and attributes.get("encoding") != "base64":
            raise BadXml(f"holds its rows in the encoding {attributes.get('encoding')!r}")
        self.head.kind, self.head.prefix = kind, prefix

    def _info(self, attributes: dict[str, str]) -> None:
        name, value = attributes.get("name", ""), attributes.get("value", "")
        if name == "QUERY_STATUS":
            self._says = True
            # What comes behind the rows counts: a service cannot know before that it cuts them.
            self.head.status, self.head.said = value.upper(), ""
        else:
            self.head.meta[name[:_SAID]] = value[:_SAID]

    def _text(self, text: str) -> None:
        if self._says and len(self.head.said) < _SAID:
            self.head.said += text[:_SAID]

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._path.pop()
        if name == "INFO":
            self._says = False
        elif name in {"TABLEDATA", "STREAM"} and self.head.kind is not None:
            self.head.ended = True


def _field(attributes: dict[str, str]) -> Field:
    return Field(
        attributes.get("name") or attributes.get("ID", ""),
        attributes.get("datatype", ""),
        attributes.get("arraysize"),
        attributes.get("unit") or None,
        ucd=attributes.get("ucd") or None,
    )


def fields_of(raw: bytes) -> list[Field]:
    """Return the columns that a VOTable without rows declares.

    Raises
    ------
    BadXml
        It is no such document.
    """
    parser = HeadParser()
    parser.feed(raw, final=True)
    return parser.head.fields
