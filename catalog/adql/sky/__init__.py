"""Geometry of ADQL in plain SQL: shapes, what lies in what, and HEALPix ranges that a B-tree answers."""
