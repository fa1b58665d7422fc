"""Releases: frozen catalogs, as SQL views over what the ledger pins."""
