"""Observe batches of stars with an instrument: from labels to noisy pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.simulate.observe.batch import Batch
from starledger.compute.simulate.observe.companion_light import (
    companion_labels,
    companion_weight,
    seen_companions,
)
from starledger.compute.simulate.observe.effects import (
    ERROR_SCATTER,
    LSF_SCATTER_FIBRE,
    LSF_SCATTER_PLATE,
    Circumstances,
    expose_realistically,
)
from starledger.compute.simulate.observe.noise import expose
from starledger.compute.simulate.observe.observation import Motion, Sampling
from starledger.compute.simulate.observe.rest_spectra import RestSpectra
from starledger.compute.simulate.observe.sky_motion import positions_at
from starledger.compute.simulate.observe.surveys import Survey
from starledger.compute.simulate.observe.visits import Visits, plan_visits
from starledger.compute.simulate.population.stars import Stars, companion_rv, visit_rv
from starledger.compute.synthesis.labels import label_index
from starledger.ingest.sky_motion import Positions

Floats = NDArray[np.float64]

CATALOG_EPOCH = 2000.0
"""Epoch of the positions that surveys point at."""
_EXTINCTION_POWER = -1.3


class Quality(StrEnum):
    """What is wrong with simulated spectra."""

    CLEAN = "clean"
    """Nothing: known line-spread function, Gaussian noise of the stated size."""
    REALISTIC = "realistic"
    """All that is wrong with real ones."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Observed visits, with what they were before noise.

    Parameters
    ----------
    batch
        The visits.
    noiseless
        Their flux before noise and effects, visits × pixels.
    at_rest
        The light of each visit on the pixels of the band, unbroadened, visits × pixels.
    motion
        How it moves, in the frame of the instrument's pixels.
    """

    batch: Batch
    noiseless: Floats
    at_rest: Tensor
    motion: Motion


def _motion(labels: Tensor, velocity: Floats) -> Motion:
    vmac, vsini = (labels[:, label_index(name)] for name in ("vmac", "vsini"))
    return Motion(torch.from_numpy(np.ascontiguousarray(velocity)), vmac, vsini)


class Observer:
    """Observes the stars of a survey in any order of batches, always with the same outcome.

    Parameters
    ----------
    survey
        How.
    stars
        Whom.
    spectra
        What they look like.
    quality
        How well.
    seed
        Of the plan, the circumstances and the noise.
    """

    def __init__(
        self, survey: Survey, stars: Stars, spectra: RestSpectra, quality: Quality, seed: int
    ) -> None:
        self.survey, self.stars, self.spectra = survey, stars, spectra
        self.quality, self.seed = quality, seed

    @cached_property
    def sampling(self) -> Sampling:
        """Shows the band on the pixels of the instrument."""
        return Sampling(self.spectra.band, self.survey.instrument.wavelength)

    @cached_property
    def positions(self) -> Positions:
        """Positions in degrees that the survey points at."""
        return positions_at(self.stars, CATALOG_EPOCH)

    @cached_property
    def visits(self) -> Visits:
        """All visits of the survey."""
        magnitude = self.stars.magnitude(self.survey.magnitude)
        return plan_visits(*self.positions, magnitude, self.survey.schedule, self.seed)

    @cached_property
    def _of_plates(self) -> tuple[Floats, Floats, Floats]:
        """Scale of the LSF and velocity zero point of each plate visit; errors by spectrograph."""
        rng = np.random.default_rng([self.seed, 13])
        plates = int(self.visits.plate_visit.max()) + 1
        return (
            np.exp(LSF_SCATTER_PLATE * rng.standard_normal(plates)),
            self.survey.zero_point * rng.standard_normal(plates),
            np.exp(ERROR_SCATTER * rng.standard_normal(self.survey.schedule.spectrographs + 1)),
        )

    def _circumstances(self, visits: Visits, rng: np.random.Generator) -> Circumstances:
        one, none = np.ones(len(visits)), np.zeros(len(visits))
        if self.quality is Quality.CLEAN:
            return Circumstances(one, one, none, visits.earth_velocity, one, one)
        lsf, zero_point, error = self._of_plates
        return Circumstances(
            lsf[visits.plate_visit] * np.exp(LSF_SCATTER_FIBRE * rng.standard_normal(len(visits))),
            error[visits.spectrograph],
            zero_point[visits.plate_visit],
            visits.earth_velocity,
            rng.uniform(1.0, 1.6, len(visits)),
            rng.lognormal(0.0, 0.4, len(visits)),
        )

    @property
    def _barycentric(self) -> bool:
        """Whether the pixels are of the barycentric frame; APOGEE's visits are as observed."""
        return self.survey.name != "apogee"

    def observe(self, number: int, first: int, past: int) -> Seen:
        """Observe the visits of the stars from `first` to before `past`.

        Parameters
        ----------
        number
            Of the batch; it goes into the seed of the noise.
        first, past
            Places of the stars.
        """
        rng = np.random.default_rng([self.seed, 17, number])
        visits = self.visits.of_stars(first, past)
        here = self.stars.take(np.arange(first, past))
        of = visits.star - first
        at = self._circumstances(visits, rng)
        light, labels, velocity = self._light(here, of, visits)
        frame = at.zero_point if self._barycentric else at.zero_point - visits.earth_velocity
        motion = _motion(labels, velocity + frame)
        noiseless = self.sampled(self.sampling, light, motion, at.lsf_scale)
        pixels = at if self._barycentric else replace(at, earth_velocity=np.zeros(len(visits)))
        instrument = self.survey.instrument
        if self.quality is Quality.CLEAN:
            exposure = expose(instrument, noiseless, visits.signal, rng)
        else:
            exposure = expose_realistically(instrument, noiseless, visits.signal, pixels, rng)
        stated = instrument.signal_to_noise(exposure.flux, exposure.ivar)
        ra, dec = (column[visits.star] for column in self.positions)
        batch = Batch(self.stars, visits, velocity, ra, dec, at, exposure, stated, rng)
        return Seen(batch, noiseless, light, motion)

    def sampled(
        self, sampling: Sampling, light: Tensor, motion: Motion, lsf_scale: Floats
    ) -> Floats:
        """Return light on pixels, with the line-spread function of each visit."""
        sigma = lsf_scale[:, None] * self.survey.instrument.lsf_sigma(sampling.wavelength)
        return np.asarray(sampling(light, motion, sigma).double().numpy())

    def _light(
        self, here: Stars, of: NDArray[np.int64], visits: Visits
    ) -> tuple[Tensor, Tensor, Floats]:
        """Return the light of each visit at the primary's rest, its labels and its velocity."""
        labels = torch.from_numpy(np.array(here.labels, dtype=np.float64))
        flux = self.spectra.flux(labels).double()
        observed = here.take(of)
        velocity = visit_rv(observed, visits.mjd)
        light = flux[of]
        double = seen_companions(here)
        if double.any():
            light = light + self._second_light(here, of, visits, double)
        return self._scaled(light, observed).float(), labels[of], velocity

    def _second_light(
        self, here: Stars, of: NDArray[np.int64], visits: Visits, double: NDArray[np.bool_]
    ) -> Tensor:
        """Return the light of companions, shifted by their velocity relative to the primary."""
        rows = np.flatnonzero(double)
        place = np.full(len(here), -1)
        place[rows] = np.arange(len(rows))
        doubles = here.take(rows)
        second = self.spectra.flux(companion_labels(doubles)).double()
        second = second * companion_weight(doubles)[:, None]
        total = torch.zeros(len(of), second.shape[1], dtype=second.dtype)
        seen = np.flatnonzero(double[of])
        if not len(seen):
            return total
        observed = here.take(of[seen])
        mjd = visits.mjd[seen]
        apart = companion_rv(observed, mjd) - visit_rv(observed, mjd)
        total[torch.from_numpy(seen)] = _shifted(
            second[torch.from_numpy(place[of[seen]])], self.spectra.band.step, apart
        )
        return total

    def _scaled(self, light: Tensor, observed: Stars) -> Tensor:
        """Redden light and bring it to the flux of the stars' magnitudes."""
        wavelength = self.spectra.band.wavelength
        law = (wavelength / 5500.0) ** _EXTINCTION_POWER
        light = light * torch.from_numpy(10 ** (-0.4 * observed.a_v[:, None] * law))
        instrument = self.survey.instrument
        low, high = instrument.signal_bands[instrument.reference_band]
        inside = torch.from_numpy((wavelength > low) & (wavelength < high))
        wanted = self.survey.flux_at_zero * 10 ** (-0.4 * observed.magnitude(self.survey.magnitude))
        scale = torch.from_numpy(wanted) / light[:, inside].mean(dim=1)
        return light * scale[:, None]


def _shifted(flux: Tensor, step: float, velocity: Floats) -> Tensor:
    """Shift spectra in steps of velocity by whole and parts of pixels, linear between two."""
    place = torch.from_numpy(velocity / step)[:, None]
    at = torch.arange(flux.shape[1], dtype=torch.float64) - place
    left = at.floor().clamp(0, flux.shape[1] - 2)
    share = (at - left).clamp(0, 1)
    index = left.long()
    return flux.gather(1, index) * (1 - share) + flux.gather(1, index + 1) * share
