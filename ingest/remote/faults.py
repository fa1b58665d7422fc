"""What can go wrong with a remote service: for the user to mend, to be tried again, to be cut."""

from __future__ import annotations

from starledger.schema.errors import StarledgerError


class RemoteError(StarledgerError):
    """A remote service, or what it was asked for, cannot be used."""


class QueryRefused(RemoteError):
    """The service says that the query, or the way it was asked, is wrong."""


class ServiceFailed(RemoteError):
    """The service failed as often as we were willing to ask."""

    exit_code = 1


class AnswerIncomplete(RemoteError):
    """The service gave fewer or more rows than it counted, or cut what cannot be asked in parts."""

    exit_code = 1


class AnotherDownload(RemoteError):
    """The folder holds what was asked for otherwise."""


class PassingFault(Exception):  # never reaches a user: it is asked again, or `ServiceFailed`
    """Something that another try may not meet: a busy service, a lost connection, a cut answer.

    Parameters
    ----------
    what
        What happened.
    after_s
        Seconds that the service asks us to wait before the next try, where it says so.
    """

    def __init__(self, what: str, after_s: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.after_s = after_s


class TooMuch(Exception):  # never reaches a user: the piece is cut in two, or `AnswerIncomplete`
    """The service gives no whole answer to so large a question."""
