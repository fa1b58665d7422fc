"""Answers of a TAP service: VOTables that must be whole, as Arrow tables with units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from starledger.ingest.remote.faults import PassingFault, QueryRefused, RemoteError, TooMuch
from starledger.ingest.remote.session import readable

_END = re.compile(rb"</(\w+:)?VOTABLE\s*>")
_TAIL = 4096
_TYPES = {
    "boolean": pa.bool_(),
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "char": pa.string(),
    "unicodeChar": pa.string(),
}


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """What a service says about a column."""

    name: str
    datatype: str
    unit: str | None
    ucd: str | None
    description: str | None

    def metadata(self) -> dict[str, str]:
        """Return what a Parquet file tells about the column."""
        said = {"unit": self.unit, "ucd": self.ucd, "description": self.description}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    columns: tuple[AnswerColumn, ...]
    table: pa.Table


def read_answer(file: Path, wanted: Sequence[str], max_rows: int) -> Answer:
    """Read a VOTable and make sure that it is whole.

    Parameters
    ----------
    file
        The VOTable.
    wanted
        The columns that it must have; the answer has them in this order, so spelled.
    max_rows
        How many rows were allowed: an answer that has them all may have been cut.

    Raises
    ------
    PassingFault
        The file is no VOTable, or is damaged or cut off.
    TooMuch
        The service left rows out.
    QueryRefused
        The service says that the query is wrong.
    RemoteError
        It lacks a column, or has one of a kind that we cannot keep.
    """
    votable = _parsed(file)
    tables = list(votable.iter_tables())
    n_rows = len(tables[0].array) if tables else 0
    _check_status(votable, n_rows)
    if not tables:
        raise PassingFault("The answer holds no table.")
    if n_rows >= max_rows:
        raise TooMuch(f"The answer has {n_rows} rows, as many as were allowed.")
    fields = {field.name.lower(): field for field in tables[0].fields}
    missing = [name for name in wanted if name.strip('"').lower() not in fields]
    if missing:
        raise RemoteError(
            f"The answer lacks the column {missing[0]}; it has {', '.join(fields)}.",
            remedy="Name the columns with --columns as the service spells them.",
        )
    chosen = [(name.strip('"'), fields[name.strip('"').lower()]) for name in wanted]
    columns = tuple(_described(name, field) for name, field in chosen)
    arrays = [_array(tables[0].array[field.name], field) for _, field in chosen]
    schema = pa.schema(
        pa.field(column.name, array.type, metadata=column.metadata())
        for column, array in zip(columns, arrays, strict=True)
    )
    return Answer(columns, pa.Table.from_arrays(arrays, schema=schema))


def _parsed(file: Path) -> Any:
    from astropy.io import votable

    with file.open("rb") as opened:
        head = opened.read(_TAIL)
        opened.seek(max(0, file.stat().st_size - _TAIL))
        tail = opened.read()
    # The parser takes some files that end too early for whole ones.
    if b"VOTABLE" not in head:
        said = readable(head.decode(errors="replace"))
        raise PassingFault(f"The answer is no VOTable; it says: {said or 'nothing'}.")
    if not _END.search(tail):
        raise PassingFault("The answer was cut off.")
    try:
        return votable.parse(file, invalid="exception", verify="ignore")
    except Exception as error:  # the parser fails on damaged files in ways of its own
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PassingFault(f"The answer cannot be read: {said}.") from error


def _check_status(votable: Any, n_rows: int) -> None:
    infos = [*votable.infos]
    for resource in votable.resources:
        infos += resource.infos
        for table in resource.tables:
            infos += table.infos
    for info in infos:
        if (info.name or "").upper() != "QUERY_STATUS":
            continue
        said = " ".join((info.content or "").split()) or "it does not say why"
        match (info.value or "").upper():
            case "OVERFLOW":
                raise TooMuch("The service left rows out.")
            case "ERROR" if n_rows:
                raise PassingFault(f"The service failed after {n_rows} rows: {said.rstrip('.')}.")
            case "ERROR":
                raise QueryRefused(
                    f"The service refuses the query: {said.rstrip('.')}.",
                    remedy="Mend what was asked for, as it says.",
                )


def _described(name: str, field: Any) -> AnswerColumn:
    unit = field.unit
    if unit is not None and not isinstance(unit, str):
        unit = unit.to_string()
    description = " ".join(str(field.description).split()) if field.description else None
    return AnswerColumn(name, field.datatype, unit or None, field.ucd or None, description)


def _array(values: Any, field: Any) -> pa.Array:
    """Return a column as an Arrow array: integers stay integers, and what is missing is null."""
    kind = _TYPES.get(field.datatype)
    if kind is None:
        raise RemoteError(
            f"The column {field.name} holds {field.datatype} values, which we cannot keep.",
            remedy="Leave it out with --columns.",
        )
    masked = np.ma.asarray(values)
    missing = np.ma.getmaskarray(masked)
    if kind == pa.string():
        return pa.array(_texts(masked.data, missing), kind)
    if masked.ndim > 1 or masked.dtype == object:
        return pa.array([_list(row) for row in masked], pa.list_(kind))
    data = np.ascontiguousarray(masked.data, masked.dtype.newbyteorder("="))
    if data.dtype.kind == "f":
        missing = missing | np.isnan(data)
    return pa.array(data, kind, mask=np.ascontiguousarray(missing))


def _texts(data: Any, missing: Any) -> list[str | None]:
    texts = (text.decode() if isinstance(text, bytes) else str(text) for text in data)
    return [
        None if gone or not text.strip() else text
        for text, gone in zip(texts, missing, strict=True)
    ]


def _list(row: Any) -> list[Any] | None:
    if np.ma.is_masked(row) and np.ma.getmaskarray(row).all():
        return None
    return list(np.ma.asarray(row).tolist())
