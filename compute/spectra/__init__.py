"""What is done to a spectrum before any model sees it: wavelengths and continuum."""
