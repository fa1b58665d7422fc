"""How spectra come in: readers of the surveys' files, and the shards that hold their pixels."""
