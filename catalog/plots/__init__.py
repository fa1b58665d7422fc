"""Pictures of catalogs: stars in the Kiel diagram, labels against others, precision, spectra."""
