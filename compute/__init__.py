"""How labels are made: spectra, models, fitters and the work of applying them."""
