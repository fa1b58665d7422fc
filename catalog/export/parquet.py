"""Rows as Parquet, with the head of a VOTable in its foot (VOParquet) and fields that say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet

from starledger.catalog.export.about import About
from starledger.catalog.export.batches import of_length
from starledger.catalog.export.kinds import kind_of
from starledger.catalog.export.xml_head import CLOSING, xml_head
from starledger.catalog.fields import Field

GROUP_ROWS = 1 << 16
"""Rows of a group, for each column of which smallest and largest value are kept."""

PAGE_BYTES = 1 << 18


def write_rows(
    file: BinaryIO, fields: Sequence[Field], batches: Iterable[pa.RecordBatch], about: About
) -> int:
    """Write rows in groups of one length, compressed by zstd."""
    schema = described(fields, about)
    rows = 0
    with parquet.ParquetWriter(
        file,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[field.name for field in fields if kind_of(field).is_text],
        write_statistics=True,
        data_page_size=PAGE_BYTES,
        store_schema=True,
    ) as writer:
        for batch in of_length(GROUP_ROWS, batches):
            writer.write_batch(batch.cast(schema), row_group_size=GROUP_ROWS)
            rows += batch.num_rows
    return rows


def described(fields: Sequence[Field], about: About) -> pa.Schema:
    """Return the schema of a file: what it says of its columns and of itself."""
    columns = [
        pa.field(
            field.name,
            kind_of(field).arrow,
            metadata={"unit": field.unit, "ucd": field.ucd, "description": field.description},
        )
        for field in fields
    ]
    said = {
        "IVOA.VOTable-Parquet.version": "1.0",
        "IVOA.VOTable-Parquet.content": xml_head(fields, about) + CLOSING,
        "title": about.title,
        "description": about.description,
        **dict(about.pairs),
    }
    return pa.schema(columns, metadata=said)
