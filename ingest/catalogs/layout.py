"""Layouts: how the columns of a survey's table become ours, declared once and never by position."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal

import pyarrow as pa

Kind = Literal["text", "whole", "number"]
Null = float | str
CheckedOn = Literal["a real file", "a simulated file", "its published description"]


@dataclass(frozen=True)
class Field:
    """A column of the file.

    Parameters
    ----------
    *sources
        Its names in the variants of the table, the first that is there counts; capitals do not.
    nulls
        Values that mean "missing", besides nothing, NaN and the words for it.
    unit
        The unit of the values where the file states none; by default that of our column. A file
        that states another unit is converted, or refused where that cannot be.
    element
        Which element of a vector, from 0.
    kind
        How the values are read; by default as our column wants them.
    optional
        Whether a file without the column is of the layout all the same.
    """

    sources: tuple[str, ...]
    nulls: tuple[Null, ...]
    unit: str | None
    element: int | None
    kind: Kind | None
    optional: bool

    def __init__(
        self,
        *sources: str,
        nulls: Sequence[Null] = (),
        unit: str | None = None,
        element: int | None = None,
        kind: Kind | None = None,
        optional: bool = False,
    ) -> None:
        for name, value in (
            ("sources", sources),
            ("nulls", tuple(nulls)),
            ("unit", unit),
            ("element", element),
            ("kind", kind),
            ("optional", optional),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Constant:
    """A value that all rows of a table share though no column says so."""

    value: str | float


@dataclass(frozen=True)
class Made:
    """A column that is computed from others.

    Parameters
    ----------
    how
        Takes an Arrow array for each of ``fields`` and returns one; nulls where it cannot tell.
    fields
        What it needs, each with its ``kind``.
    """

    how: Callable[..., pa.Array]
    fields: tuple[Field, ...]

    def __init__(self, how: Callable[..., pa.Array], *needed: Field) -> None:
        object.__setattr__(self, "how", how)
        object.__setattr__(self, "fields", needed)

    @property
    def optional(self) -> bool:
        """Whether a file that lacks one of the columns is of the layout all the same."""
        return any(one.optional for one in self.fields)


Source = Field | Constant | Made


@dataclass(frozen=True)
class LabelSource:
    """A label of the table, with its error and its flag, and what the authors mean by it."""

    value: Field | Made
    error: Field | Made | None = None
    flag: Field | Made | None = None
    solar_scale: str | None = None
    equilibrium: Literal["LTE", "NLTE", "unknown"] = "unknown"
    definition: str | None = None


@dataclass(frozen=True, kw_only=True)
class CatalogLayout:
    """A table of some survey, in all its variants.

    Parameters
    ----------
    name
        Lower case, unique.
    survey, product
        Whose table it is and which of the products of a data release.
    table
        Our table that takes its rows.
    title
        For people.
    columns
        Our columns and where they come from; ``external_id`` must be among them.
    labels
        Labels of the registry and where they come from. Those whose column a file lacks are left
        out.
    members
        Where each row of the file tells of several stars: what each has for itself.
    required
        Columns that a file must have to be of this layout besides those of ``columns`` that are
        not optional.
    absent
        Columns that a file must not have: they tell another layout.
    checked_on
        On what the layout has been tried.
    releases
        Names of data releases of which it is, where another layout has the same columns.
    expected
        Numbers that columns of ours must hold in every row that tells them: a row with another
        one is of another data release, and refused.
    """

    name: str
    survey: str
    product: str
    table: str
    title: str
    columns: Mapping[str, Source]
    labels: Mapping[str, LabelSource] = field(default_factory=dict)
    members: Sequence[Mapping[str, Source]] = ()
    required: Sequence[str] = ()
    absent: Sequence[str] = ()
    checked_on: CheckedOn = "its published description"
    releases: Sequence[str] = ()
    expected: Mapping[str, float] = field(default_factory=dict)

    def sha256(self) -> str:
        """Return the SHA-256 of the mapping: of what decides which row a line becomes."""
        decisive = (self.table, self.columns, self.labels, self.members, self.expected)
        return hashlib.sha256(_spelled(decisive).encode()).hexdigest()


def _spelled(value: object) -> str:
    """Spell a declaration out, functions by their names, mappings in their order."""
    if callable(value):
        return f"{value.__module__}.{getattr(value, '__qualname__', value)}"
    if is_dataclass(value):
        inner = ",".join(_spelled(getattr(value, one.name)) for one in fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_spelled(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_spelled, value)) + "]"
    return repr(value)
