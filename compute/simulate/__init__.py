"""A survey with known truth: its stars, its instruments and the files that it publishes."""
