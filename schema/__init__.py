"""What is kept: registries of labels and flags, tables, and the database that holds them."""
