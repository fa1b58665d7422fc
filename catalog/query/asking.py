"""Asking a ledger: a query is translated, weighed, and run within its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from starledger import __version__
from starledger.catalog.adql.translate import Translation, translate
from starledger.catalog.export.about import About
from starledger.catalog.fields import Field
from starledger.catalog.query.answer import Answer
from starledger.catalog.query.costs import check_cost
from starledger.catalog.query.failures import about_the_query
from starledger.catalog.query.limits import Limits
from starledger.catalog.query.offered import Offer, Offering
from starledger.catalog.query.session import Readers, Session
from starledger.catalog.query.telling import told
from starledger.catalog.query.uploads.upload import SCHEMA, Upload, read_uploads
from starledger.catalog.releases.finding import PublishedRelease
from starledger.catalog.releases.tables import Table
from starledger.schema.closing import Closing
from starledger.schema.database import Database


@dataclass(frozen=True, slots=True)
class Question:
    """A query that is ready to be run.

    Parameters
    ----------
    text
        The query as it was asked.
    translation
        It in PostgreSQL's words, and the columns of its answer.
    tables
        What could be asked.
    releases
        The releases that it reads.
    uploads
        The tables that go along with it.
    limits
        How much it may take.
    """

    text: str
    translation: Translation
    tables: tuple[Table, ...]
    releases: tuple[PublishedRelease, ...]
    uploads: tuple[Upload, ...]
    limits: Limits

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns of its answer."""
        return self.translation.fields

    @property
    def sql(self) -> str:
        """What PostgreSQL is asked: for one row more than the limit, which tells that it cuts."""
        said, most = self.translation, self.limits.rows
        if said.limit is not None and said.limit <= most:
            return said.sql
        return f"SELECT * FROM (\n{said.sql}\n) AS answer LIMIT {most + 1}"  # noqa: S608

    @property
    def notes(self) -> tuple[str, ...]:
        """What who asks should know before the rows come."""
        gone = [
            f"Release {one.name} was withdrawn: {one.withdrawn}"
            for one in self.releases
            if one.withdrawn is not None
        ]
        return (*gone, *(note for one in self.uploads for note in one.notes))

    def about(self, *, truncated: bool) -> About:
        """Return what files and tables say of its answer."""
        cut = f"yes, at {self.limits.rows} rows" if truncated else "no"
        said = [
            *told(self.releases),
            ("query", " ".join(self.text.split())),
            ("creator", f"starledger {__version__}"),
            ("truncated", cut),
        ]
        names = ", ".join(one.name for one in self.releases) or "uploaded tables"
        return About(f"Answer of {names}", f"Rows that answer a query of {names}.", tuple(said))


class Asker(Closing):
    """Whom to ask: a ledger's releases, through connections of the reader that are kept.

    Parameters
    ----------
    database
        The ledger.
    """

    def __init__(self, database: Database) -> None:
        self._offering = Offering(database)
        self._readers = Readers(database)

    def close(self) -> None:
        """Close every connection."""
        self._readers.close()

    def offer(self) -> Offer:
        """Return what can be asked now."""
        return self._offering.now()

    def question(
        self,
        text: str,
        *,
        release: str | None = None,
        uploads: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
    ) -> Question:
        """Return a query that is ready to be run.

        Parameters
        ----------
        text
            The query, in ADQL.
        release
            Whose tables are meant where none is named: by default the newest that was not
            withdrawn.
        uploads
            Tables that go along, by name: see `read_uploads`.
        limits
            How much it may take.

        Raises
        ------
        AdqlError
            It is no ADQL, or asks for what is not there.
        NoSuchRelease, UploadRefused
            What its names say.
        """
        limits = limits or Limits()
        offer = self.offer()
        default = offer.release(release)
        brought = read_uploads(uploads or {}, limits.upload_bytes)
        schema = default.name if default else None
        tables = (*offer.tables, *_uploaded(brought, offer, schema))
        translation = translate(text, tables, default=schema or SCHEMA)
        read = tuple(one for one in offer.releases if _reads(translation.sql, one.name))
        return Question(text, translation, tables, read, tuple(brought), limits)

    def answer(self, question: Question) -> Answer:
        """Run a query, and return its whole answer.

        Raises
        ------
        QueryRefused
            It would take more than its limits allow.
        QueryFailed
            It cannot be computed.
        """
        with self._session(question) as session:
            _weigh(session, question)
            rows = session.table(question.sql)
        truncated = rows.num_rows > question.limits.rows
        notes = question.notes
        if truncated:
            rows = rows.slice(0, question.limits.rows)
            notes = (*notes, cut_note(question.limits))
        about = question.about(truncated=truncated)
        return Answer(question.fields, rows, truncated, about, question.sql, notes)

    def explanation(self, question: Question) -> str:
        """Return how PostgreSQL would run a query, in its own words."""
        with self._session(question) as session:
            session.bring(question.uploads)
            return session.plan(question.sql, "COSTS")

    @contextmanager
    def reading(self, question: Question) -> Iterator[Iterator[pa.RecordBatch]]:
        """Run a query whose rows come in batches, as they are asked for.

        One more than its limit may come.

        Raises
        ------
        QueryRefused, QueryFailed
            As `answer` does; also while rows come.
        """
        with self._session(question) as session:
            _weigh(session, question)
            with session.rows(question.sql) as rows:
                yield rows.batches

    @contextmanager
    def _session(self, question: Question) -> Iterator[Session]:
        with about_the_query(question.limits), self._readers.session(question.limits) as session:
            yield session


def cut_note(limits: Limits) -> str:
    """Return what is said of an answer that was cut."""
    return f"The answer was cut at {limits.rows:,} rows: there are more. Raise the limit (--limit)."


def _uploaded(uploads: Sequence[Upload], offer: Offer, default: str | None) -> Iterator[Table]:
    """Yield uploads as ADQL knows them: by their schema, and plainly where no other is meant."""
    taken = {one.name for one in offer.tables if one.schema == default}
    for one in uploads:
        yield one.table()
        if default is not None and one.name not in taken:
            yield one.table(default)


def _reads(sql: str, release: str) -> bool:
    return re.search(rf'(?<![\w."])"?{re.escape(release)}(_data)?"?\.', sql) is not None


def _weigh(session: Session, question: Question) -> None:
    session.bring(question.uploads)
    plan = session.plan(question.sql, "FORMAT JSON", "VERBOSE")
    check_cost(plan, question.limits, question.tables)
