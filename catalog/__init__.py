"""How labels go out: combinations, calibrations, releases, queries and exports."""
