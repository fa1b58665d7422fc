"""What the command line asks for, made into what is wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from starledger.ingest.remote.faults import RemoteError
from starledger.ingest.remote.lists import (
    ids_of_file,
    ids_of_ledger,
    positions_of_file,
    positions_of_ledger,
)
from starledger.ingest.remote.selections import Cone, Ids, Positions, Region, Selection
from starledger.ingest.remote.services import SERVICES, RemoteTable, Service
from starledger.ingest.remote.wanted import Wanted
from starledger.ingest.surveys import Release

_ARCSECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of the command, by their names; angles in degrees, ``within`` in arcseconds."""

    service: str
    survey: str
    release: str
    url: str | None = None
    table: str | None = None
    columns: tuple[str, ...] = ()
    key: str | None = None
    ra_column: str | None = None
    dec_column: str | None = None
    where: str | None = None
    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    ids_file: Path | None = None
    ids_of_ledger: bool = False
    id_column: str | None = None
    positions_file: Path | None = None
    positions_of_ledger: bool = False
    within: float = 3.0
    chunk_rows: int = 100_000
    upload_rows: int | None = None

    @property
    def asks_ledger(self) -> bool:
        """Whether the ledger must be asked for a list."""
        return self.ids_of_ledger or self.positions_of_ledger


def wanted_of(request: Request, ledger: Engine | None = None) -> Wanted:
    """Return what a request wants.

    Parameters
    ----------
    request
        The request.
    ledger
        The database, where the request asks for a list of it.

    Raises
    ------
    RemoteError
        Something is missing, does not go together, or is of another data release.
    """
    service = SERVICES[request.service]
    url = request.url or service.url
    if url is None:
        raise RemoteError("The service has no address.", remedy="Give it with --url.")
    table = _table(request, service)
    product = table.name.replace('"', "").rpartition(".")[2]
    release = Release.parse(request.survey, request.release, product)
    _check_release(release, table)
    given = request.upload_rows
    return Wanted(
        release,
        url.rstrip("/"),
        table,
        _selection(request, table, ledger),
        request.where,
        request.chunk_rows,
        service.upload_rows if given is None else given,
        service.sync_rows,
    )


def _table(request: Request, service: Service) -> RemoteTable:
    name = request.table or _sources_of(request, service)
    known = service.tables.get(name)
    if known is None:
        key = request.key or service.key
        if not (key and request.columns):
            raise RemoteError(
                f"We do not know the table {name} of {service.name}.",
                remedy="Say with --columns which columns to fetch, and with --key which of them "
                "is a column of integers to fetch ranges of.",
            )
        known = RemoteTable(name, request.columns, key)
    return replace(
        known,
        columns=request.columns or known.columns,
        key=request.key or known.key,
        ra=request.ra_column or known.ra,
        dec=request.dec_column or known.dec,
        key_is_healpix=known.key_is_healpix and request.key in {None, known.key},
    )


def _sources_of(request: Request, service: Service) -> str:
    for table in service.tables.values():
        if table.release == request.release.partition("/")[0]:
            return table.name
    known = ", ".join(service.tables) or "any that the service has"
    raise RemoteError("No table is named.", remedy=f"Name one with --table: {known}.")


def _check_release(release: Release, table: RemoteTable) -> None:
    if table.release is not None and (release.survey, release.name) != ("gaia", table.release):
        raise RemoteError(
            f"{table.name} belongs to gaia {table.release}, not to {release.survey} "
            f"{release.name}; their identifiers are not the same.",
            remedy=f"Write `starledger ingest remote gaia gaia {table.release}`.",
        )


def _selection(request: Request, table: RemoteTable, ledger: Engine | None) -> Selection:
    cone = (request.ra, request.dec, request.radius)
    ways = [
        any(part is not None for part in cone),
        request.ids_file is not None,
        request.ids_of_ledger,
        request.positions_file is not None,
        request.positions_of_ledger,
    ]
    if sum(ways) > 1:
        raise RemoteError(
            "More than one of cone, identifiers and positions is asked for.",
            remedy="Ask for one at a time, into folders of their own.",
        )
    if any(ways[1:3]):
        return _ids(request, table, ledger)
    if any(ways[3:]):
        return _positions(request, ledger)
    return Region(_cone(request) if ways[0] else None)


def _cone(request: Request) -> Cone:
    if request.ra is None or request.dec is None or request.radius is None:
        raise RemoteError("A cone is incomplete.", remedy="Give --ra, --dec and --radius.")
    return Cone(request.ra, request.dec, request.radius)


def _ids(request: Request, table: RemoteTable, ledger: Engine | None) -> Ids:
    column = request.id_column or table.key
    if request.ids_file is not None:
        return Ids(column, ids_of_file(request.ids_file))
    supplied_as = table.ledger_ids.get(column)
    if supplied_as is None or ledger is None:
        raise RemoteError(
            f"The ledger does not know the identifiers {column} of {table.name}.",
            remedy="Write them into a file and name it with --ids.",
        )
    with ledger.connect() as connection:
        return Ids(column, ids_of_ledger(connection, supplied_as))


def _positions(request: Request, ledger: Engine | None) -> Positions:
    radius = request.within / _ARCSECONDS
    if request.positions_file is not None or ledger is None:
        return Positions(*positions_of_file(request.positions_file or Path()), radius)
    with ledger.connect() as connection:
        return Positions(*positions_of_ledger(connection), radius)
