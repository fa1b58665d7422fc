"""Tables that a user describes: a small YAML file becomes the layout of a catalog."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from pydantic import Field as Entry

from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.ingest.catalogs.layout import CatalogLayout, Constant, Field, LabelSource, Source
from starledger.ingest.catalogs.layouts import LAYOUTS
from starledger.ingest.catalogs.located_yaml import LocatedYaml, read_located
from starledger.ingest.catalogs.units import factor
from starledger.ingest.surveys import SURVEYS
from starledger.schema.errors import StarledgerError
from starledger.schema.labels import LABELS, label
from starledger.schema.tables import SCHEMA, Ledger, metadata
from starledger.schema.tables.versions import CatalogEntry

TABLES = sorted(
    mapper.class_.__tablename__
    for mapper in Ledger.registry.mappers
    if issubclass(mapper.class_, CatalogEntry)
)
"""Our tables that take rows of catalogs."""
_OURS = frozenset(
    {"row_id", "data_release_id", "version", "valid_from_run_id", "valid_to_run_id", "healpix"}
    | {"labels", "errors", "label_flags"}
)
"""Columns that ingest itself fills."""

Name = Annotated[str, StringConstraints(min_length=1, strict=True)]
Null = Annotated[float, Entry(strict=True)] | Annotated[str, Entry(strict=True)]


class BadMapping(StarledgerError):
    """A file that describes a table says what cannot be."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DescribedColumn(_Part):
    """One of our columns: a name in the table or several, or a constant."""

    name: Name | None = None
    names: tuple[Name, ...] = ()
    nulls: tuple[Null, ...] = ()
    unit: Name | None = None
    element: Annotated[int, Entry(ge=0, strict=True)] | None = None
    optional: bool = False
    constant: Null | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _said_once(self) -> DescribedColumn:
        ways = (self.name is not None, bool(self.names), self.constant is not None)
        if sum(ways) != 1:
            raise ValueError("give one of name, names and constant")
        return self


class DescribedLabel(_Part):
    """A label: its column, those of its error and flag, and what its authors mean by it."""

    value: DescribedColumn
    error: DescribedColumn | None = None
    flag: DescribedColumn | None = None
    solar_scale: Name | None = None
    equilibrium: Literal["LTE", "NLTE", "unknown"] = "unknown"
    definition: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"value": given} if isinstance(given, str) else given


class DescribedTable(_Part):
    """What a file says of a table."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    title: Name | None = None
    survey: Literal[tuple(SURVEYS)] = "value_added"  # type: ignore[valid-type]
    product: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    table: Literal[tuple(TABLES)] = "reference_star"  # type: ignore[valid-type]
    nulls: tuple[Null, ...] = ()
    columns: dict[str, DescribedColumn] = {}
    labels: dict[str, DescribedLabel] = {}
    members: tuple[dict[str, DescribedColumn], ...] = ()


def read_mapping(path: Path) -> CatalogLayout:
    """Return the layout that a YAML file describes.

    Parameters
    ----------
    path
        The file; docs/how-to/your-own-table.md tells what stands in it.

    Raises
    ------
    BadYaml
        It is no YAML.
    BadMapping
        A key of it is wrong; the key and its line are named.
    """
    located = read_located(path)
    try:
        described = DescribedTable.model_validate(located.content)
    except ValidationError as error:
        raise _first(located, error) from None
    return _Checked(located, described).layout()


def layouts_with(
    mapping: Path | None, layout: str | None
) -> tuple[tuple[CatalogLayout, ...], str | None]:
    """Return the layouts that a file may have, and the name of the one that it must have, if any.

    Parameters
    ----------
    mapping
        A file that describes the one layout.
    layout
        The name of one that is known.
    """
    if mapping is None:
        return LAYOUTS, layout
    described = read_mapping(mapping)
    return (described,), described.name


class _Checked:
    """A description that is well formed, to be compared with our tables and labels."""

    def __init__(self, located: LocatedYaml, described: DescribedTable) -> None:
        self._located, self._described = located, described
        self._table = metadata.tables[f"{SCHEMA}.{described.table}"]
        self._may = {one.name: one for one in self._table.columns if one.name not in _OURS}

    def layout(self) -> CatalogLayout:
        """Return the layout; see `read_mapping` for what it raises."""
        described = self._described
        columns = self._columns(described.columns, ("columns",))
        members = tuple(
            self._columns(member, ("members", number))
            for number, member in enumerate(described.members)
        )
        self._refuse_missing(columns, members)
        return CatalogLayout(
            name=described.name,
            survey=described.survey,
            product=described.product or described.name,
            table=described.table,
            title=described.title or described.name,
            columns=columns,
            labels=self._labels(),
            members=members,
            checked_on="its published description",
        )

    def _columns(
        self, columns: Mapping[str, DescribedColumn], place: tuple[str | int, ...]
    ) -> dict[str, Source]:
        made: dict[str, Source] = {}
        for name, column in columns.items():
            at = (*place, name)
            if name not in self._may:
                raise self._bad(
                    at,
                    f"{self._described.table} has no column of that name to fill",
                    _near(name, self._may),
                )
            target = self._may[name]
            made[name] = (
                self._field(column, str(target.info["unit"]), at)
                if column.constant is None
                else self._constant(column.constant, target, at)
            )
        return made

    def _constant(
        self, value: float | str, target: sa.Column[Any], at: tuple[str | int, ...]
    ) -> Constant:
        if isinstance(target.type, sa.Text):
            return Constant(str(value))
        if isinstance(value, str):
            raise self._bad(at, f"{value!r} is no number", "Give a number.")
        if isinstance(target.type, sa.Integer):
            if not float(value).is_integer():
                raise self._bad(at, f"{value} is no whole number", "Give a whole number.")
            return Constant(int(value))
        return Constant(value)

    def _field(self, column: DescribedColumn, ours: str, at: tuple[str | int, ...]) -> Field:
        names = (column.name,) if column.name is not None else column.names
        if column.unit is not None:
            try:
                factor(names[0], None, column.unit, ours)
            except UnreadableTable:
                raise self._bad(
                    (*at, "unit"),
                    f"{column.unit} is no unit of what we keep in {ours}",
                    "Write units as astropy does, such as km/s, mas/yr or deg.",
                ) from None
        return Field(
            *names,
            nulls=(*column.nulls, *self._described.nulls),
            unit=column.unit,
            element=column.element,
            optional=column.optional,
        )

    def _labels(self) -> dict[str, LabelSource]:
        labels = self._described.labels
        if labels and "labels" not in self._table.columns:
            raise self._bad(
                ("labels",), f"{self._described.table} keeps no labels", "Name another table."
            )
        return {name: self._label(name, one) for name, one in labels.items()}

    def _label(self, name: str, described: DescribedLabel) -> LabelSource:
        at = ("labels", name)
        if name not in LABELS:
            raise self._bad(at, "there is no label of that name", _near(name, LABELS))
        parts = {}
        for part, unit in (("value", label(name).unit), ("error", label(name).unit), ("flag", "")):
            column: DescribedColumn | None = getattr(described, part)
            if column is None:
                continue
            if column.constant is not None:
                raise self._bad((*at, part), "a constant is no label", "Name its column.")
            parts[part] = self._field(column, unit or "dimensionless", (*at, part))
        return LabelSource(
            **parts,
            solar_scale=described.solar_scale,
            equilibrium=described.equilibrium,
            definition=described.definition,
        )

    def _refuse_missing(
        self, columns: Mapping[str, Source], members: Iterable[Mapping[str, Source]]
    ) -> None:
        needed = {
            name for name, one in self._may.items() if not one.nullable and not one.server_default
        }
        for member in tuple(members) or ({},):
            there = {*columns, *member}
            lacking = sorted(needed - there)
            if ("ra" in there) != ("dec" in there):
                lacking.append("dec" if "ra" in there else "ra")
            if lacking:
                raise self._bad(
                    ("columns",), f"{', '.join(lacking)} must be among them", "Say where from."
                )

    def _bad(self, at: tuple[str | int, ...], what: str, remedy: str) -> BadMapping:
        return BadMapping(f"{self._located.where(at)}: {what}.", remedy=remedy)


def _first(located: LocatedYaml, error: ValidationError) -> BadMapping:
    """Return the first of several faults; the others show when it is mended."""
    fault = error.errors(include_url=False)[0]
    place: tuple[str | int, ...] = ()
    for part in fault["loc"]:
        # What is neither there nor missing is which way of several pydantic tried.
        if (*place, part) in located.lines or fault["type"] == "missing":
            place = (*place, part)
    what = str(fault["msg"]).removeprefix("Value error, ")
    return BadMapping(
        f"{located.where(place)}: {what[:1].lower()}{what[1:]}.",
        remedy="Mend the file; see the how-to on a table of your own.",
    )


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name.lower(), names, n=1)
    return f"Did you mean {near[0]}?" if near else f"There is {', '.join(names[:40])}."
