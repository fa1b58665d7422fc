"""The catalog in Python: its releases, and queries that give astropy tables with units."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starledger.catalog.export.formats import Format
from starledger.catalog.query.answer import Answer
from starledger.catalog.query.asking import Asker
from starledger.catalog.query.limits import Limits
from starledger.catalog.query.released import Released
from starledger.schema.closing import Closing
from starledger.schema.database import Database, open_database
from starledger.schema.settings import load_settings

if TYPE_CHECKING:
    from astropy.table import Table

    from starledger.catalog.export.manifest import Exported


class QueryWarning(UserWarning):
    """Something about an answer that who asked should know: that it was cut, for one."""


def open_catalog(
    *, home: str | os.PathLike[str] | None = None, database: str | None = None
) -> Catalog:
    """Open the catalog of a ledger.

    Parameters
    ----------
    home
        The folder of the embedded database; by default as on the command line.
    database
        The address of a PostgreSQL database, such as ``postgresql://me@host/stars``, instead.

    Returns
    -------
    Catalog
        To be closed, or used in a ``with`` statement; at the end of the program it closes itself.

    Raises
    ------
    StarledgerError
        The database cannot be reached, or is of another version.

    Examples
    --------
    >>> from starledger import open_catalog
    >>> with open_catalog() as catalog:  # doctest: +SKIP
    ...     stars = catalog.query("SELECT TOP 5 star_id, teff FROM star")
    """
    flags = {"home": None if home is None else Path(home), "database_url": database}
    stack = ExitStack()
    opened = stack.enter_context(open_database(load_settings(flags).settings))
    return Catalog(opened, stack)


class Catalog(Closing):
    """The releases of a ledger, to be asked.

    Parameters
    ----------
    database
        The ledger.
    stack
        What is to be closed with it.
    """

    def __init__(self, database: Database, stack: ExitStack | None = None) -> None:
        self._database = database
        self._asker = Asker(database)
        closing = stack or ExitStack()
        closing.callback(self._asker.close)
        self._close = weakref.finalize(self, closing.close)

    def close(self) -> None:
        """Close every connection, and stop the embedded server if nobody else uses it."""
        self._close()

    def query(
        self,
        text: str,
        *,
        release: str | None = None,
        uploads: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
    ) -> Table:
        """Return the answer to a query in ADQL as an astropy table.

        It has units, descriptions and UCDs, and what is null is masked. If it was cut, or a
        release that it reads was withdrawn, a `QueryWarning` says so.

        Parameters
        ----------
        text
            The query.
        release
            Whose tables are meant where a name does not say it: by default the newest release
            that was not withdrawn.
        uploads
            Tables that go along, by the name that the query calls them: files (FITS, VOTable,
            CSV, ECSV, Parquet), or tables of astropy, Arrow, pandas or polars.
        limits
            How much it may take: `Limits` tells the defaults.

        Raises
        ------
        AdqlError
            The text is no ADQL, or names what is not there; it says where and what was meant.
        QueryRefused
            It would take more than its limits allow.
        QueryFailed
            It cannot be computed, as when it divides by zero.
        UploadRefused
            A table that goes along cannot be used; it says which column and row.
        """
        return self.ask(text, release=release, uploads=uploads, limits=limits).table()

    def ask(
        self,
        text: str,
        *,
        release: str | None = None,
        uploads: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        """Return the answer to a query as it is: `query` tells the parameters.

        An `Answer` gives itself as a table of astropy, Arrow or pandas, and tells whether it was
        cut, and what PostgreSQL was asked.
        """
        question = self._asker.question(text, release=release, uploads=uploads, limits=limits)
        answer = self._asker.answer(question)
        for note in answer.notes:
            warnings.warn(note, QueryWarning, stacklevel=2)
        return answer

    def releases(self) -> list[Released]:
        """Return all releases, in the order of their publication."""
        offer = self._asker.offer()
        return [Released(self._asker, one, offer.tables_of(one.name)) for one in offer.releases]

    def release(self, name: str | None = None) -> Released:
        """Return a release by its name, or the newest one that was not withdrawn.

        Raises
        ------
        NoSuchRelease
            There is none.
        """
        offer = self._asker.offer()
        found = offer.required(name)
        return Released(self._asker, found, offer.tables_of(found.name))

    def export(
        self,
        release: str | None = None,
        *,
        views: Sequence[str] = (),
        columns: Sequence[str] = (),
        where: str | None = None,
        format: str | None = None,  # noqa: A002 - so it is called everywhere
        out: str | os.PathLike[str] | None = None,
    ) -> list[Exported]:
        """Write views of a release into files, in constant memory, with a manifest beside.

        Parameters
        ----------
        release
            Its name; the newest one, where none is given.
        views
            The wanted views; all, where there are none.
        columns, where
            Which columns of a single view, and which rows, in ADQL.
        format
            Of the files, such as ``parquet``; else what the name of the file says, or FITS.
        out
            The file of one view, or the folder of several.

        Raises
        ------
        StarledgerError
            Something of it is not there, or a file cannot be written.
        """
        from starledger.catalog.export.exporting import export, plan

        planned = plan(
            self._database,
            release,
            views=views,
            columns=columns,
            where=where,
            format=None if format is None else Format(format),
            out=None if out is None else Path(out),
        )
        return export(self._database, planned)
