"""A network trained on made-up lines, so that it is as smooth as those of real grids.

Every line belongs to one label of abundance and follows Teff, log g and the turbulence as well; its
depth saturates. Training takes a minute or two.
"""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.models.payne import Payne
from starledger.compute.training.networks import TrainingSettings, TrainingSpectra, train_payne

_STELLAR = ("teff", "logg", "fe_h", "vmic", "vmac")
_ABUNDANCES = tuple(
    f"{one}_fe"
    for one in "c n o na mg al si p s k ca ti v cr mn co ni cu ce nd".split()  # noqa: SIM905
)
LABELS = (*_STELLAR, *_ABUNDANCES)
_LOW = (4500.0, 1.5, -1.0, 0.8, 2.0)
_HIGH = (6500.0, 4.8, 0.4, 2.2, 12.0)
_LINES_PER_LABEL = 40
_LIGHT_SPEED_KMS = 299_792.458


class MadeUpStars:
    """Gives the spectra of made-up stars.

    Parameters
    ----------
    n_labels
        The first so many of `LABELS`.
    n_pixels, pixel_kms
        Of the even grid.
    first
        Its first wavelength in Å.
    """

    def __init__(self, n_labels: int, n_pixels: int, pixel_kms: float, first: float) -> None:
        self.names = LABELS[:n_labels]
        extra = n_labels - len(_STELLAR)
        self.low = torch.tensor([*_LOW, *[-0.3] * extra], dtype=torch.float64)
        self.high = torch.tensor([*_HIGH, *[0.5] * extra], dtype=torch.float64)
        steps = torch.arange(n_pixels, dtype=torch.float64) * (pixel_kms / _LIGHT_SPEED_KMS)
        self.wavelength = first * torch.exp(steps)
        draw = torch.Generator().manual_seed(17)
        self.n_lines = _LINES_PER_LABEL * (extra + 4)
        self._at = torch.rand(self.n_lines, generator=draw) * n_pixels
        self._strength = 1.2 * torch.randn(self.n_lines, generator=draw) - 2.0
        self._excitation = torch.randn(self.n_lines, 2, generator=draw)
        # Iron has several times as many lines as another element.
        self._element = (torch.arange(self.n_lines) % (extra + 4) - 4).clamp(min=-1)

    def flux(self, labels: Tensor) -> Tensor:
        """Return stars × pixels for stars × labels."""
        teff, logg, fe_h, vmic, vmac = (labels[:, :5] - labels.new_tensor(_MIDDLE)).float().T
        over_iron = torch.nn.functional.pad(labels[:, 5:].float(), (0, 1))[:, self._element]
        opacity = self._strength + fe_h[:, None] + over_iron
        opacity = opacity - 0.9 * (teff / 1000.0)[:, None] * (1 + 0.4 * self._excitation[:, 0])
        opacity = opacity - 0.25 * logg[:, None] * self._excitation[:, 1]
        # Turbulence lifts strong lines out of saturation.
        depth = 1.0 - torch.exp(-(10.0 ** (0.7 * opacity)))
        depth = 0.6 * depth * (1.0 + 0.15 * vmic[:, None] * depth)
        broad = 0.5 + 0.08 * vmac[:, None]
        return (
            1.0
            - (depth * (1.0 - broad)) @ self._profiles(1.6)
            - (depth * broad) @ (self._profiles(2.4) * (1.6 / 2.4))
        )

    def _profiles(self, width: float) -> Tensor:
        """Return lines of unit depth, so many pixels wide: lines × pixels."""
        pixels = torch.arange(len(self.wavelength)).float()
        return torch.exp(-0.5 * ((pixels - self._at[:, None]) / width) ** 2)


_MIDDLE = tuple((low + high) / 2 for low, high in zip(_LOW, _HIGH, strict=True))


def trained(
    n_labels: int, n_pixels: int, pixel_kms: float, first: float, n_stars: int = 2000
) -> Payne:
    """Return a network of two shared layers of 300 that has learned such stars."""
    stars = MadeUpStars(n_labels, n_pixels, pixel_kms, first)
    draw = torch.Generator().manual_seed(3)
    labels = stars.low + torch.rand(n_stars, n_labels, generator=draw, dtype=torch.float64) * (
        stars.high - stars.low
    )
    spectra = TrainingSpectra(stars.names, labels, stars.wavelength, stars.flux(labels), "made up")
    settings = TrainingSettings(
        network="shared",
        hidden=(300, 300),
        activation="leaky_relu",
        learning_rate=5e-3,
        max_epochs=60,
    )
    payne, report = train_payne(spectra, settings, torch.device("cpu"))
    print(f"trained a network: median error {report.median_error:.1e} after {report.epochs} epochs")
    return payne
