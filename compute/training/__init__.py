"""Training: models are taught by spectra whose labels are known."""
