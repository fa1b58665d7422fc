"""Which column of a file each column of a layout is, and whether the file is of the layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from starledger.ingest.catalogs.files.table import About, UnreadableTable
from starledger.ingest.catalogs.layout import (
    CatalogLayout,
    Constant,
    Field,
    LabelSource,
    Made,
    Source,
)
from starledger.ingest.catalogs.units import factor


class Resolved:
    """The columns of a layout in a file.

    Parameters
    ----------
    layout
        How columns become ours.
    about
        What the file says about itself.
    """

    def __init__(self, layout: CatalogLayout, about: About) -> None:
        self._names = _by_small_letters(about.names)
        self._units = about.units
        self.layout = layout
        self.wanted = tuple(
            dict.fromkeys(
                self.name(field)
                for source in _sources(layout)
                for field in _fields(source)
                if self.has(source)
            )
        )

    def name(self, field: Field) -> str:
        """Return the name in the file of a column that is there."""
        for source in field.sources:
            if name := self._names.get(source.lower()):
                return name
        raise UnreadableTable(f"The column {' or '.join(field.sources)} is missing.")

    def has(self, source: Source) -> bool:
        """Tell whether all the columns of a source are in the file."""
        return all(
            any(name.lower() in self._names for name in field.sources) for field in _fields(source)
        )

    def column(self, batch: pa.RecordBatch, field: Field) -> pa.Array:
        """Return the values of a column, or of its element where it is a vector."""
        column = batch.column(self.name(field))
        if field.element is None:
            return column
        if not pa.types.is_fixed_size_list(column.type) or column.type.list_size <= field.element:
            raise UnreadableTable(
                f"The column {self.name(field)} is no vector of {field.element + 1} or more values."
            )
        return pc.list_element(column, field.element)

    def scale(self, field: Field, ours: str) -> float:
        """Return what the values of a column are multiplied with to be in our unit."""
        name = self.name(field)
        return factor(name, self._units.get(name), field.unit, ours)


def missing(layout: CatalogLayout, about: About) -> list[str]:
    """Return the columns that a file lacks to be of a layout."""
    names = _by_small_letters(about.names)
    wanted = [
        field.sources
        for source in _required(layout)
        for field in _fields(source)
        if not field.optional
    ] + [(name,) for name in layout.required]
    lacking = [one for one in wanted if not any(name.lower() in names for name in one)]
    return list(dict.fromkeys(" or ".join(one) for one in lacking))


def matches(layout: CatalogLayout, about: About) -> bool:
    """Tell whether a file has what a layout needs and nothing that it must not have."""
    names = _by_small_letters(about.names)
    return not missing(layout, about) and not any(name.lower() in names for name in layout.absent)


def labels_in(layout: CatalogLayout, about: About) -> list[str]:
    """Return the labels of a layout that a file tells, in the layout's order."""
    resolved = Resolved(layout, about)
    return [name for name, source in layout.labels.items() if resolved.has(source.value)]


def source_column(source: LabelSource, about: About) -> str:
    """Return the name in the file of a label's column, for those who want to look it up."""
    names = _by_small_letters(about.names)
    asked = (name.lower() for field in _fields(source.value) for name in field.sources)
    found = [names[name] for name in asked if name in names]
    return " and ".join(dict.fromkeys(found))


def _by_small_letters(names: Sequence[str]) -> dict[str, str]:
    return {name.lower(): name for name in reversed(names)}


def _required(layout: CatalogLayout) -> Iterator[Source]:
    for columns in (layout.columns, *layout.members):
        yield from (one for one in columns.values() if not getattr(one, "optional", False))


def _sources(layout: CatalogLayout) -> Iterator[Source]:
    for columns in (layout.columns, *layout.members):
        yield from columns.values()
    for label in layout.labels.values():
        yield from (one for one in (label.value, label.error, label.flag) if one is not None)


def _fields(source: Source) -> tuple[Field, ...]:
    match source:
        case Field():
            return (source,)
        case Made():
            return source.fields
        case Constant():
            return ()
