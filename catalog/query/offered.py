"""What can be asked: the published releases and their tables."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from starledger.catalog.releases.errors import NoSuchRelease
from starledger.catalog.releases.finding import PublishedRelease, releases
from starledger.catalog.releases.tables import Table, tables_of
from starledger.schema.database import Database
from starledger.schema.migrate import require_head
from starledger.schema.roles import Role
from starledger.schema.tables import SCHEMA

# Both are only ever added to, so that the numbers of rows tell whether there is something new.
_NEWS = """
SELECT (SELECT count(*) FROM ledger.release) AS releases,
    (SELECT count(*) FROM ledger.withdrawal) AS withdrawals
"""

_MAY_READ_LEDGER = "SELECT coalesce(has_schema_privilege(to_regnamespace(:schema), 'USAGE'), true)"

_SEEN_BY_READERS = """
SELECT n.nspname AS name, obj_description(n.oid, 'pg_namespace') AS title,
    (SELECT coalesce(jsonb_object_agg(v.relname, jsonb_build_object('materialised', EXISTS (
        SELECT FROM pg_class t WHERE t.relname = v.relname AND t.relkind = 'r'
            AND t.relnamespace = to_regnamespace(quote_ident(n.nspname || '_data'))))), '{}')
        FROM pg_class v WHERE v.relnamespace = n.oid AND v.relkind = 'v') AS views
FROM pg_namespace n
WHERE n.nspname <> :schema AND has_schema_privilege(n.oid, 'USAGE')
    AND 2 = (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'v'
        AND c.relname IN ('column_info', 'provenance') AND has_table_privilege(c.oid, 'SELECT'))
ORDER BY n.oid
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """The releases of a ledger, and the tables of all of them.

    Parameters
    ----------
    releases
        In the order of their publication.
    tables
        Of all releases.
    """

    releases: tuple[PublishedRelease, ...]
    tables: tuple[Table, ...]

    def release(self, name: str | None) -> PublishedRelease | None:
        """Return a release by its name, or the newest that was not withdrawn, if there is any.

        Raises
        ------
        NoSuchRelease
            There is none of that name.
        """
        if name is None:
            standing = [one for one in self.releases if one.withdrawn is None]
            return standing[-1] if standing else None
        found = next((one for one in self.releases if one.name == name), None)
        if found is None:
            known = ", ".join(one.name for one in self.releases) or "nothing is published yet"
            raise NoSuchRelease(
                f"There is no release {name!r}.", remedy=f"There are these: {known}."
            )
        return found

    def required(self, name: str | None) -> PublishedRelease:
        """Return a release as `release` does, which must be there.

        Raises
        ------
        NoSuchRelease
            There is none.
        """
        found = self.release(name)
        if found is None:
            raise NoSuchRelease(
                "Nothing is published yet, or all was withdrawn.",
                remedy="`starledger release list` shows all.",
            )
        return found

    def tables_of(self, release: str) -> tuple[Table, ...]:
        """Return the tables of a release."""
        return tuple(one for one in self.tables if one.schema == release)


class Offering:
    """Tells what can be asked of a ledger, and looks again only for what is new.

    Parameters
    ----------
    database
        The ledger. Who may not read it, but for its releases, is told of these by the database's
        catalog, which does not know of withdrawals nor how many rows there are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._news: object = None
        self._offer = Offer((), ())
        self._tables: dict[str, tuple[Table, ...]] = {}

    def now(self) -> Offer:
        """Return what can be asked now.

        Raises
        ------
        SchemaMismatch
            The ledger is of another version than this software.
        """
        with self._lock, self._database.engine(Role.OWNER).connect() as connection:
            if self._news is None and not _may_read_ledger(connection):
                return self._offer_of(connection, _seen_by_readers(connection))
            if self._news is None:
                require_head(connection)
            news = connection.execute(text(_NEWS)).one()
            if news != self._news:
                self._offer = self._offer_of(connection, releases(connection))
                self._news = news
            return self._offer

    def _offer_of(self, connection: Connection, known: Sequence[PublishedRelease]) -> Offer:
        for one in known:
            # What was published never changes.
            if one.name not in self._tables:
                self._tables[one.name] = tables_of(connection, one)
        tables = tuple(table for one in known for table in self._tables[one.name])
        return Offer(tuple(known), tables)


def _may_read_ledger(connection: Connection) -> bool:
    return bool(connection.scalar(text(_MAY_READ_LEDGER), {"schema": SCHEMA}))


def _seen_by_readers(connection: Connection) -> list[PublishedRelease]:
    rows = connection.execute(text(_SEEN_BY_READERS), {"schema": SCHEMA})
    return [
        PublishedRelease(
            release_id=number,
            name=row.name,
            run_id=0,
            title=row.title or row.name,
            description="",
            citation=None,
            doi=None,
            licence="",
            manifest={"views": row.views},
            published_at=None,
            manifest_sha256=None,
            own_tables=[],
            withdrawn=None,
        )
        for number, row in enumerate(rows, 1)
    ]
