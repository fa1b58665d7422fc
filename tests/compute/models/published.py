"""The published networks and grid that tests read, and the formula of their authors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.compute.models.payne import Payne
from starledger.compute.models.payne_import import import_payne
from tests.real_data import real_path

LABELS = {
    "5n": ("teff", "logg", "fe_h", "mg_fe", "vmac"),
    "10n": ("teff", "logg", "fe_h", "alpha_fe", "vmac"),
}
NORMALISATION = "pseudo-continuum of APOGEE's continuum pixels"

Archive = dict[str, NDArray[Any]]


def published_network(size: str) -> Archive:
    path = real_path("models", f"payne_apogee_{size}", "NN_normalized_spectra.npz")
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def published_payne(size: str) -> Payne:
    return import_payne(
        real_path("models", f"payne_apogee_{size}", "NN_normalized_spectra.npz"),
        real_path("apogee", "masks", "apogee_wavelength.npz"),
        LABELS[size],
        NORMALISATION,
        real_path("apogee", "masks", "apogee_mask.npz"),
    )


def reference_flux(archive: Archive, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the flux of one star, pixel after pixel, by the published formula."""
    scaled = (labels - archive["x_min"]) / (archive["x_max"] - archive["x_min"]) - 0.5
    inner = np.einsum("phl,l->ph", archive["w_array_0"].astype(np.float64), scaled)
    sigmoid = 1.0 / (1.0 + np.exp(-(inner + archive["b_array_0"])))
    flux: NDArray[np.float64] = (archive["w_array_1"] * sigmoid).sum(1) + archive["b_array_1"]
    return flux
