"""The embedded PostgreSQL: a server of the user's own, from a wheel, with nothing to set up."""

from starledger.schema.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
