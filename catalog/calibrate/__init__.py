"""Calibrations: corrections of labels and errors, how they are derived, kept and applied."""
