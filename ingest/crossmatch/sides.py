"""The two sides of a crossmatch: the rows of a data release that count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Connection,
    Double,
    Select,
    and_,
    cast,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from starledger.ingest.crossmatch.comparison import Motions
from starledger.ingest.surveys import Release, UnknownDataRelease, find_data_release
from starledger.schema.asof import valid, withdrawn
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import ClosedRun, DataRelease, Ledger, Survey, Withdrawal
from starledger.schema.tables.crossmatches import MATCHED_TABLES

NAN: ColumnElement[float] = cast(literal("NaN"), Double)


class NothingToMatch(StarledgerError):
    """A data release has no rows that can be matched, or was withdrawn."""


@dataclass(frozen=True)
class Side:
    """The rows of one data release that are matched.

    Parameters
    ----------
    release
        The data release.
    data_release_id
        Its number.
    table
        The table that holds its rows.
    as_of
        The run as of which the rows are current.
    """

    release: Release
    data_release_id: int
    table: type[Any]
    as_of: int

    @property
    def row_id(self) -> ColumnElement[int]:
        """The column that numbers the rows among those of all tables."""
        key: ColumnElement[int] = next(iter(self.table.__table__.primary_key))
        return key

    @property
    def name(self) -> str:
        """The name of the table."""
        return str(self.table.__tablename__)

    def counts(self) -> ColumnElement[bool]:
        """Return the condition that a row is current and was not withdrawn."""
        of_release = self.table.data_release_id == self.data_release_id
        condition = and_(of_release, valid(self.table, self.as_of))
        if self.name == "spectrum":
            taken_back = withdrawn(Withdrawal.spectrum_id, self.table.spectrum_id, self.as_of)
            condition = and_(condition, ~taken_back)
        return condition

    def columns(self, *, suffix: str = "") -> list[ColumnElement[Any]]:
        """Return the columns of `PlacedRows`, without nulls."""
        return [
            self.row_id.label(f"row_id{suffix}"),
            self.table.ra.label(f"ra{suffix}"),
            self.table.dec.label(f"dec{suffix}"),
            *(
                self._or_nan(column).label(f"{name}{suffix}")
                for name, column in (
                    ("epoch", "ref_epoch"),
                    ("pmra", "pmra"),
                    ("pmdec", "pmdec"),
                    ("magnitude", "phot_g_mean_mag"),
                )
            ),
        ]

    def _or_nan(self, column: str) -> ColumnElement[float]:
        given: ColumnElement[float] | None = getattr(self.table, column, None)
        return NAN if given is None else func.coalesce(cast(given, Double), NAN)

    def positions(self) -> Select[Any]:
        """Return the query of the rows with a position, from south to north."""
        table = self.table
        placed = select(*self.columns()).where(self.counts(), table.ra.is_not(None))
        return placed.order_by(table.dec, table.ra, self.row_id)


@dataclass(frozen=True)
class Census:
    """How many rows of a side have a position and how many have none, and how they move."""

    n_rows: int
    n_without_position: int
    motions: Motions


def sql_of(query: ClauseElement) -> str:
    """Return a query as text with its values in place, for COPY takes no parameters."""
    dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def last_closed_run(connection: Connection) -> int:
    """Return the newest run that is closed, as of which the ledger is looked at."""
    newest = connection.execute(select(func.max(ClosedRun.run_id))).scalar_one()
    if newest is None:
        raise NothingToMatch(
            "The ledger holds no rows yet.", remedy="Ingest catalogs or spectra first."
        )
    return int(newest)


def side_of(connection: Connection, release: Release, as_of: int) -> Side:
    """Return the side that a data release makes.

    Raises
    ------
    UnknownDataRelease
        Nothing of it was ever ingested.
    NothingToMatch
        It has no rows with a position, or it was withdrawn.
    """
    number = find_data_release(connection, release)
    query = select(withdrawn(Withdrawal.data_release_id, literal(number), as_of))
    if connection.execute(query).scalar_one():
        raise NothingToMatch(
            f"The data release {release} was withdrawn.", remedy="Restore it, or name another."
        )
    for table in _matched_tables():
        if connection.execute(select(_has_rows(table, literal(number)))).scalar_one():
            return Side(release, number, table, as_of)
    raise NothingToMatch(
        f"The data release {release} has no rows that could be matched.",
        remedy="Name a product that holds spectra or a catalog of positions.",
    )


def numbered_side(connection: Connection, number: int, as_of: int) -> Side:
    """Return the side that the data release of a number makes; see `side_of`."""
    row = connection.execute(
        select(Survey.name, DataRelease.name, DataRelease.version, DataRelease.product)
        .join(Survey, Survey.survey_id == DataRelease.survey_id)
        .where(DataRelease.data_release_id == number)
    ).one()
    return side_of(connection, Release(*row), as_of)


def named_release(connection: Connection, text: str) -> Release:
    """Return the data release that ``SURVEY/NAME[/VERSION][:PRODUCT]`` means.

    Where no product is named, the one product with rows that can be matched is meant.

    Raises
    ------
    UnknownDataRelease
        There is no such product, or there are several and none is named.
    """
    if ":" in text:
        return Release.parse_whole(text, "")
    there = _products(connection, Release.parse_whole(text, "main"))
    if len(there) == 1:
        return Release.parse_whole(text, there[0])
    if not there:
        raise UnknownDataRelease(
            f"The ledger holds nothing of {text} that could be matched.", remedy="Ingest it first."
        )
    raise UnknownDataRelease(
        f"{text} has several products.",
        remedy=f"Name one of {', '.join(f'{text}:{product}' for product in there)}.",
    )


def census_of(connection: Connection, side: Side) -> Census:
    """Return how many rows of a side there are, and how they move."""
    table = side.table
    placed = table.ra.is_not(None)
    motion: ColumnElement[float] = cast(None, Double)
    if hasattr(table, "pmra"):
        motion = func.sqrt(func.power(table.pmra, 2) + func.power(table.pmdec, 2))
    query = select(
        func.count().filter(placed),
        func.count().filter(~placed),
        func.count(motion).filter(placed, motion > 0),
        func.count().filter(placed, table.ref_epoch.is_(None)),
        func.min(table.ref_epoch).filter(placed),
        func.max(table.ref_epoch).filter(placed),
        func.coalesce(func.max(motion).filter(placed), 0.0),
    ).where(side.counts())
    n_rows, n_nowhere, n_moving, n_undated, first, last, fastest = connection.execute(query).one()
    return Census(n_rows, n_nowhere, Motions(n_moving, n_undated, first, last, fastest / 1000))


def _products(connection: Connection, release: Release) -> list[str]:
    query = (
        select(DataRelease.data_release_id, DataRelease.product)
        .join(Survey, Survey.survey_id == DataRelease.survey_id)
        .where(
            Survey.name == release.survey,
            DataRelease.name == release.name,
            DataRelease.version == release.version,
        )
        .order_by(DataRelease.product)
    )
    return [
        product
        for number, product in connection.execute(query).all()
        if any(
            connection.execute(select(_has_rows(table, literal(number)))).scalar_one()
            for table in _matched_tables()
        )
    ]


def _has_rows(table: type[Any], number: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(table.data_release_id == number)


def _matched_tables() -> list[type[Any]]:
    classes = {mapper.class_.__tablename__: mapper.class_ for mapper in Ledger.registry.mappers}
    return [classes[name] for name in MATCHED_TABLES]
