"""How simulated stars are observed: spectra, spectrographs, nights, noise and worse."""
