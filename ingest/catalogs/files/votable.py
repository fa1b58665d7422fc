"""VOTables, as services of the virtual observatory answer with: streamed, whatever their size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starledger.ingest.catalogs.files.names import checked_names, places
from starledger.ingest.catalogs.files.source import CHUNK, Source, Stream
from starledger.ingest.catalogs.files.table import About, RawBatch
from starledger.ingest.catalogs.files.votable_binary import BinaryRows
from starledger.ingest.catalogs.files.votable_fields import FieldType, field_type
from starledger.ingest.catalogs.files.votable_head import BadXml, Head, HeadParser
from starledger.ingest.catalogs.files.votable_text import TextRows

TOP = 16 << 20
"""Bytes within which the rows must begin, and at most as many behind them."""
_SHORTER = "Ask for less at a time, or for no limit of rows."


class VoTable:
    """A VOTable with one table.

    Parameters
    ----------
    source
        The file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        with self._in_our_words(), source.opened() as stream:
            parser, _ = _at_rows(stream)
            head = parser.head
            self._refuse_status(head)
            self._types = [field_type(field) for field in head.fields]
        names = checked_names(source, [field.name for field in head.fields])
        units = {
            name: field.unit for name, field in zip(names, head.fields, strict=True) if field.unit
        }
        ucds = {
            name: field.ucd for name, field in zip(names, head.fields, strict=True) if field.ucd
        }
        self._about = About(names, units, head.rows, head.meta, ucds)

    @property
    def about(self) -> About:
        """Names, units, and the number of rows where the file says it."""
        return self._about

    def batches(self, wanted: Sequence[str]) -> Iterator[RawBatch]:
        """Yield the rows, of the wanted columns alone, in their own types."""
        at = places(self._source, self._about.names, wanted)
        self._refuse_unread([self._types[place] for place in at])
        with self._in_our_words(), self._source.opened() as stream:
            parser, rest = _at_rows(stream)
            yield from _rows(stream, rest, parser, self._types, at)
            self._refuse_status(parser.head)

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except BadXml as error:
            raise self._source.unreadable(str(error)) from None

    def _refuse_unread(self, types: Sequence[FieldType]) -> None:
        for kind in types:
            if kind.unread is not None:
                raise self._source.unreadable(
                    f"holds {kind.unread} in column {kind.name!r}", "Leave that column out."
                )

    def _refuse_status(self, head: Head) -> None:
        said = " ".join(head.said.split())
        if head.status == "OVERFLOW":
            raise self._source.unreadable(
                f"holds only a part of the rows: the service cut its answer {said}".rstrip(),
                _SHORTER,
            )
        if head.status == "ERROR":
            raise self._source.unreadable(f"holds no rows: the service answered {said!r}")


def _at_rows(stream: Stream) -> tuple[HeadParser, bytes]:
    """Return the parser of what stands before the rows, and the first bytes of these.

    A document may end without rows: it was read whole then.
    """
    parser = HeadParser()
    raw, fed = b"", 0
    while chunk := stream.read(CHUNK):
        raw += chunk
        fed = parser.feed_to_rows(raw, fed)
        if parser.head.kind is not None:
            return parser, raw[fed:]
        if len(raw) > TOP:
            raise BadXml(f"does not come to its rows in its first {TOP >> 20} MiB")
    parser.feed(raw[fed:], final=True)
    if not parser.head.fields and parser.head.status != "ERROR":
        raise BadXml("holds no table")
    parser.head.ended = True
    return parser, b""


def _rows(
    stream: Stream, raw: bytes, parser: HeadParser, types: Sequence[FieldType], at: Sequence[int]
) -> Iterator[RawBatch]:
    """Yield the rows, then take what stands behind them."""
    head = parser.head
    if not head.ended:
        rows = (TextRows if head.kind == "TABLEDATA" else BinaryRows)(head, types, at)
        first = 1
        while (end := rows.end.search(raw)) is None:
            if cut := rows.cut(raw):
                batch = rows.batch(raw[:cut], first)
                first += len(batch.row_numbers) + len(batch.refused)
                yield batch
                raw = raw[cut:]
            if not (chunk := stream.read(CHUNK)):
                raise BadXml("is cut off: its rows do not end")
            raw += chunk
        yield rows.batch(raw[: end.start()], first)
        rows.finish()
        _take_the_rest(stream, raw[end.start() :], parser)
    elif head.kind is not None:
        _take_the_rest(stream, raw, parser)


def _take_the_rest(stream: Stream, raw: bytes, parser: HeadParser) -> None:
    size = 0
    while raw or (raw := stream.read(CHUNK)):
        parser.feed(raw)
        size += len(raw)
        if size > TOP:
            raise BadXml(f"goes on for more than {TOP >> 20} MiB behind its rows")
        raw = b""
    parser.feed(b"", final=True)
