"""Gradients by differentiation are those by differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from starledger.compute.synthesis.broadening import broaden
from starledger.compute.synthesis.gradients import gradient_spectra
from starledger.compute.synthesis.labels import label_index, label_tensor
from starledger.compute.synthesis.resolution import Spectrograph
from starledger.compute.synthesis.synthesizer import Synthesizer
from starledger.compute.synthesis.velocity_grid import VelocityGrid

STEPS = {"teff": 0.5}
LABELS = label_tensor(
    {"teff": [4500.0, 5777.0], "logg": [2.2, 4.44], "fe_h": -0.3, "vmac": 4.0, "vsini": 6.0}
)


@pytest.fixture(scope="module")
def spectra() -> Spectra:
    return Spectra()


class Spectra:
    """The whole chain: synthesis, broadening, a spectrograph."""

    def __init__(self) -> None:
        self.grid = VelocityGrid.covering(5160.0, 5190.0)
        self.synthesizer = Synthesizer(self.grid, dtype=torch.float64)
        pixels = torch.arange(5163.0, 5187.0).numpy()
        self.lamost = Spectrograph(self.grid, pixels, resolving_power=1800.0, dtype=torch.float64)

    def __call__(self, labels: Tensor) -> Tensor:
        flux = self.synthesizer.spectrum(labels).normalised
        vmac, vsini = labels[:, label_index("vmac")], labels[:, label_index("vsini")]
        return self.lamost(broaden(flux, self.grid.step, vmac, vsini))


def difference(spectra: Spectra, name: str) -> Tensor:
    step = STEPS.get(name, 1e-3)
    shift = torch.zeros_like(LABELS)
    shift[:, label_index(name)] = step
    with torch.no_grad():
        return (spectra(LABELS + shift) - spectra(LABELS - shift)) / (2 * step)


@pytest.mark.parametrize(
    "name", ["teff", "logg", "vmic", "vmac", "vsini", "fe_h", "mg_fe", "c_fe", "o_fe", "ti_fe"]
)
def test_forward_gradients_agree_with_differences(spectra: Spectra, name: str) -> None:
    exact = gradient_spectra(spectra, LABELS, [name])[:, 0]
    expected = difference(spectra, name)
    worst = (exact - expected).abs().amax(1) / expected.abs().amax(1)
    assert float(worst.max()) < 1e-4


def test_backward_gradients_agree_with_forward_ones(spectra: Spectra) -> None:
    labels = LABELS.clone().requires_grad_()
    out = spectra(labels)
    weight = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).view_as(out)
    (backward,) = torch.autograd.grad((out * weight).sum(), labels)
    forward = gradient_spectra(spectra, LABELS, ["logg", "mg_fe"])
    for i, name in enumerate(("logg", "mg_fe")):
        expected = (forward[:, i] * weight).sum(1)
        assert torch.allclose(backward[:, label_index(name)], expected, rtol=1e-8)
