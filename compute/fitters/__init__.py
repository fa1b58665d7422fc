"""Fitters: what finds the labels at which an emulator is nearest to a spectrum."""
