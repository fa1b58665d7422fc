"""The Cannon: each pixel a polynomial in the labels, learnt from stars whose labels are known."""
