"""The demonstration: one command from nothing to a published release, by the commands of a user."""
