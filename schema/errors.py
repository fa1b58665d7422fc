"""The errors that a user can put right: what is wrong, where, and what to do."""

from __future__ import annotations


class StarledgerError(Exception):
    """Something is wrong that the user can put right.

    Parameters
    ----------
    what
        What is wrong, naming the row, file, server or folder.
    remedy
        What to do about it, as a sentence or a command.

    Examples
    --------
    >>> str(StarledgerError("No such release: dr9.", remedy="`starledger release list` shows all."))
    'No such release: dr9. `starledger release list` shows all.'
    """

    exit_code = 2

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions travel between workers by pickle, which would call us with positions only.
        return (_rebuild, (type(self), self.what, self.remedy))


def _rebuild(kind: type[StarledgerError], what: str, remedy: str) -> StarledgerError:
    return kind(what, remedy=remedy)


class SettingsError(StarledgerError):
    """A setting has a value that cannot be used."""


class DatabaseError(StarledgerError):
    """The database cannot be used as it is."""


class Unreachable(DatabaseError):
    """No server answers at the address."""


class WrongPassword(DatabaseError):
    """The server refuses the user or the password."""


class NoRights(DatabaseError):
    """The database user may not do this."""


class ServerTooOld(DatabaseError):
    """The server is older than the oldest PostgreSQL that we support."""


class SchemaMismatch(DatabaseError):
    """The database is behind or ahead of this software."""


class DiskFull(StarledgerError):
    """No space is left where we must write."""


class FolderError(StarledgerError):
    """A folder of ours cannot be used as it is."""


class HalfInitialised(FolderError):
    """The data folder was left in the middle of its making."""


class FolderLocked(FolderError):
    """Another program holds the data folder."""


class FolderReadOnly(FolderError):
    """We may not write in the folder."""
