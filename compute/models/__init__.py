"""Models: what turns a spectrum into labels, each behind one small interface."""
