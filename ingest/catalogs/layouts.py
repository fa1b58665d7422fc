"""All layouts of catalogs that we know, the more particular ones of a survey first."""

from __future__ import annotations

from starledger.ingest.catalogs import apogee, boss, gaia, galah
from starledger.ingest.catalogs.layout import CatalogLayout

LAYOUTS: tuple[CatalogLayout, ...] = (
    *apogee.LAYOUTS,
    *galah.LAYOUTS,
    *gaia.LAYOUTS,
    *boss.LAYOUTS,
)
"""The layouts in the order in which they are tried."""
