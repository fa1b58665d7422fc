"""All layouts of catalogs that we know, the more particular ones of a survey first."""

from __future__ import annotations

from starledger.ingest.catalogs import apogee, boss, gaia, galah
from starledger.ingest.catalogs.compact_stars import COMPACT_STARS
from starledger.ingest.catalogs.lamost import LAMOST_LAYOUTS
from starledger.ingest.catalogs.lamost_medium import LAMOST_MEDIUM_LAYOUTS
from starledger.ingest.catalogs.layout import CatalogLayout
from starledger.ingest.catalogs.reference_tables import REFERENCE_TABLES
from starledger.ingest.catalogs.value_added import MADE_OF_SPECTRA

LAYOUTS: tuple[CatalogLayout, ...] = (
    *LAMOST_MEDIUM_LAYOUTS,
    *LAMOST_LAYOUTS,
    *MADE_OF_SPECTRA,
    *COMPACT_STARS,
    *REFERENCE_TABLES,
    *apogee.LAYOUTS,
    *galah.LAYOUTS,
    *gaia.LAYOUTS,
    *boss.LAYOUTS,
)
"""The layouts in the order in which they are tried."""
