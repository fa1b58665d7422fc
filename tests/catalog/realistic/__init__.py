"""The realistic arm of the simulated survey, from files to a release, and measured against truth."""
