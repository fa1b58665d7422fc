"""Rows of a file become rows of ours: cleaned, in our units, within our rules, or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.types import TypeEngine

from starledger.ingest.catalogs.cleaning import clean
from starledger.ingest.catalogs.files.table import CONTENT_KEPT, About, RawBatch, Refusal
from starledger.ingest.catalogs.layout import CatalogLayout, Constant, Field, Kind, Made, Source
from starledger.ingest.catalogs.resolving import Resolved
from starledger.ingest.catalogs.rules import broken
from starledger.schema.labels import label
from starledger.schema.sky import healpix_cells
from starledger.schema.tables import SCHEMA, metadata

MUST_BE_RIGHT = frozenset(
    {"external_id", "ra", "dec", "source_id", "sobject_id", "apogee_id"}
    | {"gaia_dr2_source_id", "gaia_dr3_source_id", "separation"}
)
"""Columns for whose sake a row is refused; of the others a wrong value is left out, and counted."""


@dataclass
class Converted:
    """Rows as the database takes them, and what became of the others.

    Parameters
    ----------
    rows
        With the column ``row_number`` and those of our table.
    refused
        Rows that were refused.
    repaired
        How often a value was left out or put right, by its reason.
    """

    rows: pa.RecordBatch
    refused: list[Refusal]
    repaired: Counter[str] = field(default_factory=Counter)


def target_columns(layout: CatalogLayout, labels: Sequence[str]) -> list[str]:
    """Return the columns of our table that a layout fills, in the table's order."""
    table = metadata.tables[f"{SCHEMA}.{layout.table}"]
    filled = set(layout.columns).union(*layout.members)
    if "ra" in filled and "healpix" in table.columns:
        filled.add("healpix")
    if labels:
        filled |= {"labels", "errors", "label_flags"}
    return [column.name for column in table.columns if column.name in filled]


class Conversion:
    """Turns batches of a file into rows of a layout's table.

    Parameters
    ----------
    layout
        How columns become ours.
    about
        What the file says about itself.
    labels
        The labels of the data release in the order of its arrays.
    """

    def __init__(self, layout: CatalogLayout, about: About, labels: Sequence[str]) -> None:
        self.layout = layout
        self.labels = list(labels)
        self._resolved = Resolved(layout, about)
        self._table = metadata.tables[f"{SCHEMA}.{layout.table}"]
        self._targets = target_columns(layout, labels)

    @property
    def wanted(self) -> Sequence[str]:
        """Names of the file's columns that are needed."""
        return self._resolved.wanted

    def convert(self, raw: RawBatch) -> list[Converted]:
        """Return the rows of a batch, once for each member of a row."""
        members = self.layout.members or ({},)
        made = [self._convert_member(raw, member) for member in members]
        made[0].refused.extend(raw.refused)
        return made

    def _convert_member(self, raw: RawBatch, member: Mapping[str, Source]) -> Converted:
        work = _Work(self._resolved, raw)
        columns: dict[str, pa.Array] = {}
        for name, source in {**self.layout.columns, **member}.items():
            if self._resolved.has(source):
                columns[name] = self._column(work, name, source)
        for name, value in self.layout.expected.items():
            self._expect(work, name, columns[name], value)
        if self.labels:
            columns |= self._label_columns(work)
        self._place_on_sky(work, columns)
        return work.finish({name: self._whole(work, name, columns) for name in self._targets})

    def _expect(self, work: _Work, name: str, column: pa.Array, value: float) -> None:
        """Refuse rows in which a column tells another number than all rows of the layout do."""
        other = pc.not_equal(column, value).fill_null(False).to_numpy(zero_copy_only=False)
        work.refuse(other, f"{name} is not {value}, as it is in {self.layout.title}")

    def _whole(self, work: _Work, name: str, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Return a column as the table takes it: with its default, or refused, where missing."""
        target = self._table.columns[name]
        column = columns.get(name)
        if column is None:
            column = pa.nulls(work.n_rows, self._arrow_type(target))
        if target.nullable or not column.null_count:
            return column
        if target.server_default is not None:
            return column.fill_null(int(target.server_default.arg))  # type: ignore[attr-defined]
        if name != "healpix":
            work.refuse(~_valid(column), f"{name}: nothing there")
        return column

    def _arrow_type(self, column: sa.Column[Any]) -> pa.DataType:
        if isinstance(column.type, sa.ARRAY):
            return pa.list_(_arrow_type(column.type.item_type), len(self.labels))
        return _arrow_type(column.type)

    def _column(self, work: _Work, name: str, source: Source) -> pa.Array:
        target = self._table.columns[name]
        if isinstance(source, Constant):
            kind = _arrow_type(target.type)
            return pa.repeat(pa.scalar(source.value, kind), work.n_rows)
        kept = target.info["unit"]
        values, bad = work.values(source, _kind_of(target), kept)
        work.judge(name, bad, "cannot be read", name in MUST_BE_RIGHT)
        if pa.types.is_string(values.type):
            return pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), values)
        if name == "ra":
            values = _around(values)
        plain = values.fill_null(1).to_numpy(zero_copy_only=False).astype(np.float64)
        outside, why = broken(target, plain)
        outside &= _valid(values)
        work.judge(name, outside, why, name in MUST_BE_RIGHT)
        absent = ~_valid(values) | outside | bad
        numbers = values.fill_null(0).to_numpy(zero_copy_only=False)
        kind = _arrow_type(target.type)
        numbers = np.where(absent, 0, numbers).astype(kind.to_pandas_dtype())
        return pa.array(numbers, kind, mask=absent)

    def _label_columns(self, work: _Work) -> dict[str, pa.Array]:
        sources = [self.layout.labels.get(name) for name in self.labels]
        size = (work.n_rows, len(sources))
        values, errors = np.full(size, np.nan), np.full(size, np.nan)
        flags, flagged = np.zeros(size, np.int64), np.zeros(size, np.bool_)
        for i, source in enumerate(sources):
            if source is None:
                continue
            unit = label(self.labels[i]).unit
            values[:, i] = self._numbers(work, self.labels[i], source.value, unit)
            if source.error is not None:
                found = self._numbers(work, f"error of {self.labels[i]}", source.error, unit)
                wrong = found <= 0
                work.judge(f"error of {self.labels[i]}", wrong, "is not positive", must=False)
                errors[:, i] = np.where(wrong, np.nan, found)
            if source.flag is not None and self._resolved.has(source.flag):
                found_flags, bad = work.values(source.flag, "whole", "dimensionless")
                work.judge(f"flag of {self.labels[i]}", bad, "is not a whole number", must=False)
                flags[:, i] = found_flags.fill_null(0).to_numpy(zero_copy_only=False)
                flagged[:, i] = _valid(found_flags)
        return {
            "labels": _real_arrays(values),
            "errors": _real_arrays(errors),
            "label_flags": _whole_arrays(flags, flagged),
        }

    def _numbers(
        self, work: _Work, name: str, source: Field | Made, unit: str
    ) -> NDArray[np.float64]:
        if not self._resolved.has(source):
            return np.full(work.n_rows, np.nan)
        values, bad = work.values(source, "number", unit)
        work.judge(name, bad, "cannot be read", must=False)
        numbers = values.fill_null(np.nan).to_numpy(zero_copy_only=False).copy()
        endless = np.isinf(numbers) | (np.abs(numbers) > np.finfo(np.float32).max)
        work.judge(name, endless, "is not finite", must=False)
        numbers[endless | bad] = np.nan
        return cast("NDArray[np.float64]", numbers)

    def _place_on_sky(self, work: _Work, columns: dict[str, pa.Array]) -> None:
        if "ra" not in columns or "healpix" not in self._table.columns:
            return
        known = _valid(columns["ra"]) & _valid(columns["dec"])
        if self._table.columns["ra"].nullable:
            half = _valid(columns["ra"]) != _valid(columns["dec"])
            work.refuse(half, "one of ra and dec is missing")
        ra = columns["ra"].fill_null(0.0).to_numpy(zero_copy_only=False)
        dec = columns["dec"].fill_null(0.0).to_numpy(zero_copy_only=False)
        columns["healpix"] = pa.array(healpix_cells(ra, dec), pa.int64(), mask=~known)


class _Work:
    """One batch under way: its values, and what was found wrong with its rows."""

    def __init__(self, resolved: Resolved, raw: RawBatch) -> None:
        self._resolved, self._raw = resolved, raw
        self.n_rows = raw.columns.num_rows
        self._wrong = np.zeros(self.n_rows, np.bool_)
        self._reasons: dict[int, list[str]] = {}
        self._repaired: Counter[str] = Counter()

    def values(
        self, source: Field | Made, kind: Kind, unit: str
    ) -> tuple[pa.Array, NDArray[np.bool_]]:
        """Return the values of a source in a unit, and which of them are not of its kind."""
        if isinstance(source, Made):
            parts = [self.values(one, one.kind or kind, one.unit or unit) for one in source.fields]
            bad = np.logical_or.reduce([one for _, one in parts])
            return source.how(*(values for values, _ in parts)), bad
        column = self._resolved.column(self._raw.columns, source)
        cleaned = clean(column, source.kind or kind, source.nulls)
        values = cleaned.values
        if pa.types.is_floating(values.type):
            scale = self._resolved.scale(source, unit)
            if scale != 1.0:
                values = pc.multiply(values, scale)
        elif kind == "text" and not pa.types.is_string(values.type):
            values = values.cast(pa.string())
        return values, cleaned.bad

    def judge(self, name: str, wrong: NDArray[np.bool_], why: str, must: bool) -> None:
        """Refuse the rows whose value is wrong where it must be right, else count them."""
        if not wrong.any():
            return
        if must:
            self.refuse(wrong, f"{name} {why}")
        else:
            self._repaired[f"{name} {why}: taken as missing"] += int(wrong.sum())

    def refuse(self, wrong: NDArray[np.bool_], reason: str) -> None:
        """Refuse some rows for a reason; a row may have several."""
        if not wrong.any():
            return
        self._wrong |= wrong
        for row in np.flatnonzero(wrong).tolist():
            reasons = self._reasons.setdefault(row, [])
            if reason not in reasons and not any(reason.split(":")[0] in one for one in reasons):
                reasons.append(reason)

    def finish(self, columns: dict[str, pa.Array]) -> Converted:
        """Return the rows that are right, and the refusals."""
        rows = pa.record_batch(
            {"row_number": pa.array(self._raw.row_numbers, pa.int64()), **columns}
        )
        if not self._wrong.any():
            return Converted(rows, [], self._repaired)
        ids = columns["external_id"]
        refused = [
            Refusal(
                int(self._raw.row_numbers[row]),
                "; ".join(reasons),
                _content(self._raw.columns, row),
                ids[row].as_py(),
            )
            for row, reasons in sorted(self._reasons.items())
        ]
        return Converted(rows.filter(pa.array(~self._wrong)), refused, self._repaired)


def _content(columns: pa.RecordBatch, row: int) -> str:
    """Return a row as text."""
    said = (f"{name}={columns[name][row].as_py()}" for name in columns.schema.names)
    return ", ".join(said)[:CONTENT_KEPT].replace("\0", "\\0")


def _kind_of(column: sa.Column[Any]) -> Kind:
    if isinstance(column.type, sa.Text):
        return "text"
    return "whole" if isinstance(column.type, sa.Integer) else "number"


def _arrow_type(kind: TypeEngine[Any]) -> pa.DataType:
    match kind:
        case sa.Text():
            return pa.string()
        case sa.SmallInteger():
            return pa.int16()
        case sa.BigInteger():
            return pa.int64()
        case sa.Integer():
            return pa.int32()
        case REAL():
            return pa.float32()
        case _:
            return pa.float64()


def _valid(column: pa.Array) -> NDArray[np.bool_]:
    return cast("NDArray[np.bool_]", column.is_valid().to_numpy(zero_copy_only=False))


def _around(values: pa.Array) -> pa.Array:
    """Take a right ascension of 360, which rounding makes of 359.9999, for 0."""
    return pc.if_else(pc.equal(values, 360.0), 0.0, values)


def _real_arrays(values: NDArray[np.float64]) -> pa.Array:
    """Return rows of values as arrays, null where all are missing."""
    missing = np.isnan(values)
    elements = pa.array(values.ravel().astype(np.float32), pa.float32(), mask=missing.ravel())
    return _arrays(elements, missing)


def _whole_arrays(values: NDArray[np.int64], told: NDArray[np.bool_]) -> pa.Array:
    elements = pa.array(values.ravel().astype(np.int32), pa.int32(), mask=~told.ravel())
    return _arrays(elements, ~told)


def _arrays(elements: pa.Array, missing: NDArray[np.bool_]) -> pa.Array:
    nothing = pa.array(missing.all(axis=1))
    return pa.FixedSizeListArray.from_arrays(elements, missing.shape[1], mask=nothing)
