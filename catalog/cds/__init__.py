"""A release as the CDS keeps catalogs: plain text tables and a ReadMe that describes each byte."""
