"""The stars of a simulated survey: what they are, where they are, and what is true of them."""
