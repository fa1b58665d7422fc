"""Asking a TAP service one question: at once, or as a job that is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from pyvo.dal import AsyncTAPJob, DALAccessError, TAPQuery

from starledger.ingest.remote.adql import UPLOADED
from starledger.ingest.remote.faults import PassingFault, QueryRefused, RemoteError, TooMuch
from starledger.ingest.remote.manner import Mode
from starledger.ingest.remote.patience import Patience
from starledger.ingest.remote.pieces import Columns
from starledger.ingest.remote.session import PoliteSession, readable, save_answer

_FORGET_S = 10.0
"""Seconds for a service to answer what hardly matters to us."""

_UNDER_WAY = frozenset({"PENDING", "QUEUED", "EXECUTING", "RUN", "HELD", "SUSPENDED", "UNKNOWN"})


@dataclass(frozen=True, slots=True)
class Question:
    """A query, how many rows its answer may have, and the table that is sent along."""

    query: str
    max_rows: int
    upload: Columns | None = None

    def uploads(self) -> dict[str, Any]:
        """Return what is sent along, as pyvo takes it."""
        from astropy.table import Table

        return {} if self.upload is None else {UPLOADED: Table(self.upload)}


@dataclass(frozen=True, slots=True)
class TapService:
    """A service, how it is asked and with what patience."""

    url: str
    mode: Mode
    patience: Patience

    def ask(self, question: Question, answer: Path) -> None:
        """Ask once and write the answer, a VOTable, into a file.

        Raises
        ------
        PassingFault, TooMuch, QueryRefused
        """
        with PoliteSession(self.patience.timeout_s) as session:
            if self.mode == "sync":
                self._ask_at_once(session, question, answer)
            else:
                self._ask_by_job(session, question, answer)

    def _ask_at_once(self, session: PoliteSession, question: Question, answer: Path) -> None:
        save_answer(self._submitted(session, question), answer)

    def _ask_by_job(self, session: PoliteSession, question: Question, answer: Path) -> None:
        try:
            with _understood(self.url):
                job = AsyncTAPJob(self._made_job(session, question), session=session)
                job.run()
            self._await(job)
            save_answer(session.get(_result(job), stream=True), answer)
        finally:
            if session.sent_to is not None:
                _forget(session, session.sent_to)

    def _made_job(self, session: PoliteSession, question: Question) -> str:
        """Have a job made and return its address, to which the service sends us on."""
        response = self._submitted(session, question)
        if session.sent_to is None:
            said = readable(response.text)
            raise PassingFault(f"{self.url} makes no job, but says: {said or 'nothing'}.")
        return session.sent_to

    def _submitted(self, session: PoliteSession, question: Question) -> requests.Response:
        query = TAPQuery(
            self.url,
            question.query,
            mode=self.mode,
            maxrec=question.max_rows,
            uploads=question.uploads(),
            session=session,
        )
        response: requests.Response = query.submit()
        return response

    def _await(self, job: AsyncTAPJob) -> None:
        for seconds in self.patience.polls():
            with _understood(job.url):
                phase = job.phase
            match phase:
                case "COMPLETED":
                    return
                case "ERROR":
                    raise _failed(job)
                case "ABORTED":
                    raise TooMuch(f"The service ended the job {job.url} before it was done.")
                case _ if phase not in _UNDER_WAY:
                    raise PassingFault(f"The job {job.url} is in no known phase: {phase}.")
            self.patience.waiting.pause(seconds)
        raise TooMuch(f"The job {job.url} took more than {self.patience.job_s:.0f} s.")


@contextmanager
def _understood(url: str) -> Iterator[None]:
    """Tell that the service said something about a job that is no such thing."""
    try:
        yield
    except (PassingFault, TooMuch, RemoteError):
        raise
    # A page that is no job's makes the parser fail in ways of its own.
    except (DALAccessError, OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PassingFault(f"{url} answers with something that is no job: {said}.") from error


def _failed(job: AsyncTAPJob) -> Exception:
    """Return the error of a job in the phase ERROR."""
    with _understood(job.url):
        summary = job.job.errorsummary
    said = getattr(getattr(summary, "message", None), "content", None) or "it does not say why"
    what = f"The job {job.url} failed: {readable(str(said)).rstrip('.')}."
    if getattr(summary, "type_", None) == "transient":
        return PassingFault(what)
    return QueryRefused(what, remedy="Mend what was asked for, as it says.")


def _result(job: AsyncTAPJob) -> str:
    address = job.result_uri
    if address is None:
        raise PassingFault(f"The job {job.url} is done and names no result.")
    return str(address)


def _forget(session: PoliteSession, job: str) -> None:
    """Free what the service keeps of a job; it forgets by itself what we fail to tell it."""
    session.timeout_s = min(session.timeout_s, _FORGET_S)
    with suppress(PassingFault, RemoteError):
        session.delete(job, allow_redirects=False)
