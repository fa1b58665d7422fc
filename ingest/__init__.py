"""How rows come in: catalogs, spectra and their crossmatches."""
