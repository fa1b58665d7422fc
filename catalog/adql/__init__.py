"""ADQL 2.1 in, PostgreSQL out."""
