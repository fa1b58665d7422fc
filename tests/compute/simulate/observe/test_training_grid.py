from __future__ import annotations

import torch

from starledger.compute.simulate.observe.instruments import LAMOST
from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.simulate.observe.rest_spectra import Band
from starledger.compute.simulate.observe.training_grid import TrainingGrid, grid_source
from starledger.compute.synthesis.labels import label_tensor

IRON = Band("iron", 5210.0, 5320.0, 5220.0, 140, 34.5, 40.0)


def test_the_realistic_grid_is_another_than_the_survey() -> None:
    pixels = LAMOST.wavelength[(LAMOST.wavelength > 5240) & (LAMOST.wavelength < 5290)]
    labels = label_tensor({"teff": [4800.0], "logg": [2.8]})
    flux = {
        quality: TrainingGrid(LAMOST, quality, grid_source(IRON, quality), pixels).flux(labels)
        for quality in Quality
    }
    difference = (flux[Quality.REALISTIC] / flux[Quality.CLEAN] - 1).abs()
    assert 0.002 < float(difference.median()) < 0.1
    again = TrainingGrid(
        LAMOST, Quality.REALISTIC, grid_source(IRON, Quality.REALISTIC), pixels
    ).flux(labels)
    assert torch.equal(again, flux[Quality.REALISTIC])
