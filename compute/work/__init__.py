"""Work: which visits wait for which model, and who fits them."""
