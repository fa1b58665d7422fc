"""Readers of the files that catalogs come in: text, FITS, Parquet and VOTable, batch by batch."""
