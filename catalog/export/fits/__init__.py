"""Rows as a binary table of FITS."""
