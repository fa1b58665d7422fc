"""Asking releases: ADQL and a user's own tables in, tables with units out."""
