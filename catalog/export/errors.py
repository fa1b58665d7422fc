"""What can be wrong with an export that its user can put right."""

from __future__ import annotations

from starledger.schema.errors import StarledgerError


class ExportError(StarledgerError):
    """The rows cannot be written as they were asked for."""


class NoSuchView(ExportError):
    """The release has no such view, or the view no such column."""


class ExportFailed(ExportError):
    """The database could not give the rows."""
