"""Whole spectra: finite everywhere in the space of labels, and each element at its place."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from starledger.compute.synthesis.labels import ABUNDANCE_LABELS, RANGES, label_tensor
from starledger.compute.synthesis.lines import observed_lines, perturbed
from starledger.compute.synthesis.synthesizer import Synthesizer
from starledger.compute.synthesis.velocity_grid import VelocityGrid

OPTICAL = VelocityGrid.covering(3700.0, 9000.0, step=6.0)


@pytest.fixture(scope="module")
def optical() -> Synthesizer:
    return Synthesizer(OPTICAL)


def depth(spectrum: Tensor, low: float, high: float) -> Tensor:
    wavelength = OPTICAL.wavelength()
    inside = (wavelength > low) & (wavelength < high)
    return 1 - spectrum[:, inside].mean(dim=1)


def test_finite_and_below_the_continuum_at_the_corners(optical: Synthesizer) -> None:
    corners = np.array(np.meshgrid(RANGES["teff"], RANGES["logg"], RANGES["fe_h"])).reshape(3, -1)
    labels = label_tensor(dict(zip(("teff", "logg", "fe_h"), corners.tolist(), strict=True)))
    spectrum = optical.spectrum(labels)
    assert bool(spectrum.flux.isfinite().all())
    assert float(spectrum.normalised.min()) > 0
    assert float(spectrum.normalised.max()) < 1 + 1e-3


def test_flux_is_that_of_the_effective_temperature(optical: Synthesizer) -> None:
    # 3700–9000 Å hold 0.68 of the Sun's 6.3e10 erg/s/cm².
    wavelength = OPTICAL.wavelength()
    flux = optical.spectrum(label_tensor({})).flux[0].double()
    assert float(torch.trapezoid(flux, wavelength)) == pytest.approx(0.62 * 6.3e10, rel=0.15)


@pytest.mark.parametrize(
    ("label", "low", "high", "teff"),
    [
        ("ca_fe", 3925.0, 3942.0, 5500.0),
        ("mg_fe", 5160.0, 5190.0, 5500.0),
        ("na_fe", 5885.0, 5900.0, 5000.0),
        ("c_fe", 4290.0, 4315.0, 5500.0),
        ("n_fe", 4190.0, 4217.0, 4500.0),
        ("ti_fe", 4530.0, 4537.0, 5000.0),
        ("ba_fe", 4554.5, 4556.5, 5500.0),
        ("li_fe", 6709.0, 6711.0, 4500.0),
        ("si_fe", 6240.0, 6250.0, 5500.0),
        ("ni_fe", 5080.0, 5090.0, 5500.0),
        ("eu_fe", 4130.0, 4132.0, 4800.0),
    ],
)
def test_each_element_absorbs_at_its_place(
    optical: Synthesizer, label: str, low: float, high: float, teff: float
) -> None:
    pair = label_tensor({label: [0.0, 0.5], "teff": teff, "logg": 3.0})
    less, more = depth(optical.spectrum(pair).normalised, low, high).tolist()
    assert more > less + 1e-3


def test_oxygen_binds_carbon(optical: Synthesizer) -> None:
    pair = label_tensor({"o_fe": [0.0, 0.5], "teff": 4500.0, "logg": 2.0})
    poor, rich = depth(optical.spectrum(pair).normalised, 4295.0, 4315.0).tolist()
    assert rich < poor - 0.005


def test_titanium_oxide_marks_cool_dwarfs(optical: Synthesizer) -> None:
    warm_cool = label_tensor({"teff": [4500.0, 3500.0], "logg": 4.8})
    warm, cool = depth(optical.spectrum(warm_cool).normalised, 7060.0, 7120.0).tolist()
    assert cool > warm + 0.2


def test_carbon_nitrogen_and_oxygen_show_in_the_h_band() -> None:
    synthesizer = Synthesizer(VelocityGrid.covering(15150.0, 16950.0, step=4.0))
    labels = {"teff": 4300.0, "logg": 1.8}
    base = synthesizer.spectrum(label_tensor(labels)).normalised
    for name in ("c_fe", "n_fe", "o_fe"):
        changed = synthesizer.spectrum(label_tensor({**labels, name: 0.3})).normalised
        assert float((changed - base).abs().max()) > 0.02, name


def test_a_star_does_not_depend_on_its_batch(optical: Synthesizer) -> None:
    labels = label_tensor({"teff": [4500.0, 6000.0, 7500.0]})
    together = optical.spectrum(labels).normalised
    alone = optical.spectrum(labels[1:2]).normalised
    assert torch.allclose(together[1:2], alone, atol=1e-5)


def test_a_perturbed_line_list_gives_another_spectrum() -> None:
    grid = VelocityGrid.covering(5200.0, 5300.0)
    one, same, other = (
        Synthesizer(grid, perturbed(observed_lines(), 0.15, seed)).spectrum(label_tensor({}))
        for seed in (1, 1, 2)
    )
    assert torch.equal(one.flux, same.flux)
    assert 0.005 < float((one.normalised - other.normalised).abs().mean()) < 0.05


def test_32_bit_floats_suffice() -> None:
    grid = VelocityGrid.covering(5100.0, 5200.0)
    labels = label_tensor({"teff": [4000.0, 7000.0]})
    single = Synthesizer(grid).spectrum(labels).normalised
    double = Synthesizer(grid, dtype=torch.float64).spectrum(labels).normalised
    assert float((single - double).abs().max()) < 2e-4


def test_every_element_of_the_papers_is_a_label() -> None:
    papers = (
        "Li C N O Na Mg Al Si P S K Ca Sc Ti V Cr Mn Co Ni Cu Zn Ge Sr Y Zr Ba La Ce Pr Nd Sm Eu Au"
    )
    assert set(ABUNDANCE_LABELS) == {f"{symbol.lower()}_fe" for symbol in papers.split()}
