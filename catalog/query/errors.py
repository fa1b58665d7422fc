"""What can be wrong with a question: it costs too much, fails as it runs, or brings bad tables."""

from __future__ import annotations

from starledger.schema.errors import StarledgerError


class QueryRefused(StarledgerError):
    """A query asks for more than its limits allow, or for what nobody may read."""


class QueryFailed(StarledgerError):
    """A query was well written, and met a value while it ran that it cannot be computed with."""


class UploadRefused(StarledgerError):
    """A table that was sent along with a query cannot be used."""
