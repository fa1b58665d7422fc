"""Export: rows of a release out of the database, and into files that keep what they mean."""
