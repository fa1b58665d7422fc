"""A star's spectra with the model that was fitted to them."""
