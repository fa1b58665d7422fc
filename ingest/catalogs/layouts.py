"""All layouts of catalogs that we know, the more particular ones of a survey first."""

from __future__ import annotations

from starledger.ingest.catalogs.layout import CatalogLayout

LAYOUTS: tuple[CatalogLayout, ...] = ()
"""The layouts in the order in which they are tried."""
