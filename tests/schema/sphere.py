"""Angular distances on the sphere, another way than the database computes them."""

from __future__ import annotations

import numpy as np


def separation(ra: float, dec: float, ras: np.ndarray, decs: np.ndarray) -> np.ndarray:
    """Return angular distances in degrees, by unit vectors."""

    def vector(a: np.ndarray, d: np.ndarray) -> np.ndarray:
        a, d = np.radians(a), np.radians(d)
        return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)

    one, others = vector(np.array(ra), np.array(dec)), vector(ras, decs)
    cross = np.linalg.norm(np.cross(one, others), axis=-1)
    degrees: np.ndarray = np.degrees(np.arctan2(cross, others @ one))
    return degrees
