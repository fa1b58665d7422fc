"""What simulated surveys publish: the files of each survey, byte for byte reproducible."""
