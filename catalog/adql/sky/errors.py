"""What can be wrong with a shape on the sky."""

from __future__ import annotations

from starledger.schema.errors import StarledgerError


class SkyError(StarledgerError):
    """A shape, a position or an order of HEALPix cannot be what a query says."""
