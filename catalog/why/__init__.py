"""Why a star has a value: the chain from a release back to the files of the surveys."""
