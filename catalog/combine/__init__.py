"""Combination: the labels of a star over its visits, and how far the visits agree."""
