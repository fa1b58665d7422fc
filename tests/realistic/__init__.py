"""The realistic arm of the simulated survey, from files to a release that is held to the truth."""
