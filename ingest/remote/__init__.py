"""Tables of remote services, fetched in pieces into files that the catalog ingest reads."""
