"""LTE synthesis of stellar spectra and its gradients: a simulator, not a tool for science."""
