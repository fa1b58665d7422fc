"""What the ledger says of one row of a data release, now or as of an earlier run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select

from starledger.ingest.crossmatch.sides import named_release
from starledger.ingest.surveys import find_data_release
from starledger.schema.asof import valid
from starledger.schema.errors import StarledgerError
from starledger.schema.labels import label
from starledger.schema.tables import CatalogLabel, Ledger, Run
from starledger.schema.triggers import versioned_tables


class NoSuchRow(StarledgerError):
    """A data release said nothing under an identifier, then or ever."""


@dataclass(frozen=True)
class Shown:
    """A value of a row, with its unit."""

    name: str
    value: Any
    unit: str


def row_as_of(
    connection: Connection, release: str, external_id: str, run_id: int | None = None
) -> list[Shown]:
    """Return what a data release says of an identifier, as of a run.

    Parameters
    ----------
    connection
        A connection of the owner.
    release
        The data release's product, such as ``lamost/dr5:general``.
    external_id
        The survey's identifier of the row.
    run_id
        The run; the last one where none is given.

    Raises
    ------
    NoSuchRow
        As of that run there was no such row.
    """
    whole = named_release(connection, release)
    data_release_id = find_data_release(connection, whole)
    if run_id is None:
        run_id = connection.scalar(select(func.max(Run.run_id))) or 0
    for class_ in _versioned_classes():
        table = class_.__table__
        row = connection.execute(
            select(table).where(
                class_.data_release_id == data_release_id,
                class_.external_id == external_id,
                valid(class_, run_id),
            )
        ).first()
        if row is not None:
            return _shown(connection, table, row)
    raise NoSuchRow(
        f"{whole} says nothing of {external_id!r} as of run {run_id}.",
        remedy="`starledger ingest runs` lists the runs; identifiers are those of the survey.",
    )


def _versioned_classes() -> list[Any]:
    names = versioned_tables()
    mappers = [mapper for mapper in Ledger.registry.mappers if mapper.local_table is not None]
    return [one.class_ for one in mappers if one.class_.__tablename__ in names]


def _shown(connection: Connection, table: Table, row: Row[Any]) -> list[Shown]:
    values = dict(row._mapping)
    found = [
        Shown(column.name, values[column.name], column.info["unit"])
        for column in table.columns
        if values[column.name] is not None and column.name not in {*_ARRAYS, "data_release_id"}
    ]
    return [*found, *_labels(connection, values)]


_ARRAYS = {
    "labels": "",
    "errors": "err_",
    "label_flags": "flag_",
    "survey_labels": "",
    "survey_errors": "err_",
}


def _labels(connection: Connection, values: dict[str, Any]) -> list[Shown]:
    """Return the labels of a row under their names, each in its own unit."""
    names = connection.scalars(
        select(CatalogLabel.label)
        .where(CatalogLabel.data_release_id == values["data_release_id"])
        .order_by(CatalogLabel.position)
    ).all()
    found = []
    for place, name in enumerate(names):
        for array, prefix in _ARRAYS.items():
            held = values.get(array) or []
            if place < len(held) and held[place] is not None:
                unit = "dimensionless" if prefix == "flag_" else label(name).unit
                found.append(Shown(f"{prefix}{name}", held[place], unit))
    return found
