"""Geometry of ADQL in plain SQL: shapes, what lies in what, and HEALPix ranges for a B-tree."""
