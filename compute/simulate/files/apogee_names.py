"""How APOGEE names visits and stars, and the velocities that it measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from starledger.compute.simulate.observe.batch import Batch, Measured, measured

Floats = NDArray[np.float64]

REDUCTION = "r12"
_FIRST_PLATE = 4000
_FIRST_LOCATION = 2000
LOW_SIGNAL = 1 << 4
"""STARFLAG bit LOW_SNR."""


@dataclass(frozen=True, slots=True)
class ApogeeRows:
    """What APOGEE says about the visits of a batch, one row each.

    Parameters
    ----------
    apogee_id, visit_file, field
        Names of the star, of the file of the visit and of the field.
    plate, location
        Numbers.
    observed
        UTC of the middle.
    velocity
        Measured barycentric velocity in km/s.
    flags
        STARFLAG.
    """

    apogee_id: list[str]
    visit_file: list[str]
    field: list[str]
    plate: NDArray[np.int32]
    location: NDArray[np.int16]
    observed: list[str]
    velocity: Measured
    flags: NDArray[np.int32]

    def relative(self, batch: Batch) -> Floats:
        """Velocity in the observed frame in km/s."""
        return self.velocity.value - batch.visits.earth_velocity


def apogee_rows(batch: Batch) -> ApogeeRows:
    """Name the visits of a batch and measure their velocities."""
    visits = batch.visits
    plate = (_FIRST_PLATE + visits.plate).astype(np.int32)
    signal = batch.signal_to_noise["h"]
    names = zip(plate, visits.night, visits.fibre, strict=True)
    truth = batch.velocity + batch.circumstances.zero_point
    return ApogeeRows(
        [str(batch.stars.apogee_id[i]) for i in visits.star],
        [f"apVisit-{REDUCTION}-{p}-{night}-{fibre:03d}.fits" for p, night, fibre in names],
        [f"SIM{p:05d}" for p in visits.plate],
        plate,
        (_FIRST_LOCATION + visits.plate % 30_000).astype(np.int16),
        [str(t) for t in Time(visits.mjd, format="mjd", precision=3).isot],
        measured(truth, 0.05, 0.6, signal, batch.rng),
        np.where(signal < 5.0, LOW_SIGNAL, 0).astype(np.int32),
    )
