"""Starledger: a ledger of stars.

Survey spectra come in, many models fit them, and every catalog that goes out can be traced to
the pixel, the model, the calibration and the line of SQL that made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starledger.catalog.query.catalog import open_catalog

__version__ = "0.1.0"

__all__ = ["__version__", "open_catalog"]


def __getattr__(name: str) -> object:
    """Import what is asked for: the command line alone should not wait for it."""
    if name == "open_catalog":
        from starledger.catalog.query.catalog import open_catalog

        return open_catalog
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
