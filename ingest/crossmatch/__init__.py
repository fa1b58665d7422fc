"""Crossmatches: which rows of one data release are the same sources as those of another."""
