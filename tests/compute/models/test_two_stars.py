from __future__ import annotations

import pytest
import torch

from starledger.compute.models.two_stars import TwoStars
from tests.compute.fitters.pretend_emulator import PretendEmulator, pretend_emulator


class Named(PretendEmulator):
    """With labels that two stars do and do not share."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ("teff", "logg", "fe_h", "mg_fe", "vmac")


@pytest.fixture(scope="module")
def pair() -> TwoStars:
    drawn = pretend_emulator()
    return TwoStars.of(Named(drawn.wavelength, drawn.low, drawn.high, drawn.layers))


def some_labels(pair: TwoStars) -> torch.Tensor:
    part = torch.rand(6, len(pair.labels), generator=torch.Generator().manual_seed(4))
    return pair.low + (0.1 + 0.8 * part) * (pair.high - pair.low)


def test_each_star_has_its_own_temperature_and_shares_what_it_was_born_with(pair: TwoStars) -> None:
    assert pair.labels[5:] == ("teff_2", "logg_2", "vmac_2", "light_ratio", "relative_rv")
    labels = some_labels(pair)
    second = pair.second_labels(labels)
    assert torch.equal(second[:, 2:4], labels[:, 2:4])
    assert torch.equal(second[:, [0, 1, 4]], labels[:, 5:8])


def test_two_equal_stars_at_rest_look_like_one(pair: TwoStars) -> None:
    labels = some_labels(pair)
    labels[:, 5:8] = labels[:, [0, 1, 4]]
    labels[:, -1] = 0.0
    inner = slice(5, -5)  # at the ends, what is interpolated differs
    alone = pair.star.flux(labels[:, :5])
    assert torch.allclose(pair.flux(labels)[:, inner], alone[:, inner], atol=1e-6)


def test_a_second_star_without_light_is_not_seen(pair: TwoStars) -> None:
    labels = some_labels(pair)
    labels[:, -2] = 0.0
    assert torch.allclose(pair.flux(labels), pair.star.flux(labels[:, :5]), atol=1e-6)


def test_gradients_are_differences(pair: TwoStars) -> None:
    labels = some_labels(pair).double()
    flux, gradient = pair.flux_and_gradient(labels.float())
    assert torch.equal(flux, pair.flux(labels.float()))
    steps = 1e-3 * (pair.high - pair.low).double()
    steps[-1] = 0.2
    for i, step in enumerate(steps.tolist()):
        away = torch.zeros(len(steps), dtype=torch.float64)
        away[i] = step
        up, down = (pair.flux((labels + sign * away).float()) for sign in (1, -1))
        found, expected = gradient[:, :, i], (up - down) / (2.0 * step)
        assert float((found - expected).abs().max()) < 0.02 * float(found.abs().max())
