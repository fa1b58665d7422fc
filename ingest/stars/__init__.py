"""Stars: which spectra are of one source, told anew by every star run."""
