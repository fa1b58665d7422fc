"""Parquet files, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from starledger.ingest.catalogs.files.ecsv import BadYaml, table_header
from starledger.ingest.catalogs.files.names import checked_names, places
from starledger.ingest.catalogs.files.source import Source
from starledger.ingest.catalogs.files.table import About, RawBatch, UnreadableTable
from starledger.ingest.catalogs.files.votable_head import BadXml, fields_of

BATCH_ROWS = 50_000
_BUFFER = 1 << 20
_UNIT_KEYS = (b"unit", b"units", b"UNIT", b"TUNIT")
_VOTABLE_KEY = b"IVOA.VOTable-Parquet.content"
_ASTROPY_KEY = b"table_meta_yaml"
_Broken = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, MemoryError)


class ParquetTable:
    """A Parquet file.

    Parameters
    ----------
    source
        The file, not packed.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        with self._opened() as file:
            self._schema: pa.Schema = file.schema_arrow
            metadata = file.metadata.metadata or {}
            rows = file.metadata.num_rows
        names = checked_names(source, self._schema.names)
        units, ucds = _units_and_ucds(self._schema, metadata)
        self._about = About(names, units, rows, _texts(metadata), ucds)

    @property
    def about(self) -> About:
        """Names, units and the number of rows."""
        return self._about

    def batches(self, wanted: Sequence[str]) -> Iterator[RawBatch]:
        """Yield the rows, of the wanted columns alone, in their own types."""
        at = places(self._source, self._about.names, wanted)
        fields = [self._schema.field(place) for place in at]
        for field in fields:
            self._refuse_unread(field)
        first = 1
        with self._opened() as file:
            columns = [field.name for field in fields]
            batches = file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False)
            while (batch := next(batches, None)) is not None:
                arrays = [_plain(batch.column(name)) for name in columns]
                numbers = np.arange(first, first + batch.num_rows)
                yield RawBatch(pa.RecordBatch.from_arrays(arrays, list(wanted)), numbers)
                first += batch.num_rows
        if first - 1 != self._about.rows:
            raise self._source.unreadable(
                f"is damaged: it has {first - 1} rows where it says {self._about.rows}"
            )

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        """Open the file; what Arrow finds wrong with it is told in our words."""
        try:
            with pq.ParquetFile(
                self._source.path,
                buffer_size=_BUFFER,
                pre_buffer=False,
                page_checksum_verification=True,
            ) as file:
                yield file
        except UnreadableTable:
            raise
        except _Broken as error:
            reason = str(error).partition("\n")[0].rstrip(".")[:200] or type(error).__name__
            raise self._source.unreadable(f"is damaged or cut off: Arrow says {reason!r}") from None

    def _refuse_unread(self, field: pa.Field) -> None:
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_fixed_size_list(kind):
            kind = kind.value_type
        if pa.types.is_nested(kind):
            raise self._source.unreadable(
                f"holds {field.type} in column {field.name!r}", "Leave that column out."
            )


def _plain(column: pa.Array) -> pa.Array:
    """Return a column in one of the types that batches have."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_fixed_size_list(kind):
        return _plain_list(column)
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_string(kind)
    ):
        return column
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    return pc.cast(column, pa.string())


def _plain_list(column: pa.FixedSizeListArray) -> pa.Array:
    size = column.type.list_size
    values = column.values.slice(column.offset * size, len(column) * size)
    missing = column.is_null() if column.null_count else None
    return pa.FixedSizeListArray.from_arrays(_plain(values), size, mask=missing)


def _units_and_ucds(
    schema: pa.Schema, metadata: dict[bytes, bytes]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return them from wherever writers put them; a field's own come before a table's."""
    units: dict[str, str] = {}
    ucds: dict[str, str] = {}
    if _VOTABLE_KEY in metadata:
        with suppress(BadXml):
            fields = fields_of(metadata[_VOTABLE_KEY])
            units |= {one.name.strip(): one.unit for one in fields if one.unit}
            ucds |= {one.name.strip(): one.ucd for one in fields if one.ucd}
    if _ASTROPY_KEY in metadata:
        with suppress(BadYaml):
            header = table_header(metadata[_ASTROPY_KEY].decode("utf-8", "replace"))
            units |= header.units
            ucds |= header.ucds
    for field in schema:
        for key in _UNIT_KEYS:
            if field.metadata and field.metadata.get(key):
                units[field.name.strip()] = field.metadata[key].decode("utf-8", "replace")
                break
    return units, ucds


def _texts(metadata: dict[bytes, bytes]) -> dict[str, str]:
    """Return short texts about the file; schemas that writers left are none."""
    decoded = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in metadata.items()
        if len(value) <= 1000
    }
    return {key: value for key, value in decoded.items() if value.isprintable()}
