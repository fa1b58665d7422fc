"""Starledger: a ledger of stars.

Survey spectra come in, many models fit them, and every catalog that goes out can be traced to
the pixel, the model, the calibration and the line of SQL that made it.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
