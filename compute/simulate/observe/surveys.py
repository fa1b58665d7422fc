"""The spectroscopic surveys that can be simulated: their instrument, nights and zero points."""

from __future__ import annotations

from dataclasses import dataclass

from starledger.compute.simulate.observe.instruments import APOGEE, BOSS, LAMOST, Instrument
from starledger.compute.simulate.observe.visits import Schedule


@dataclass(frozen=True, slots=True)
class Survey:
    """How a survey observes stars.

    Parameters
    ----------
    name
        As it is asked for.
    instrument
        With which spectrograph.
    schedule
        When, and with which signal-to-noise ratio.
    magnitude
        Band of the magnitudes of the schedule and of the flux.
    flux_at_zero
        Flux in the unit of the files of a star of magnitude zero.
    zero_point
        Scatter of the velocity zero point from plate to plate in km/s (realistic quality).
    """

    name: str
    instrument: Instrument
    schedule: Schedule
    magnitude: str
    flux_at_zero: float
    zero_point: float


_MOSTLY_ONCE = (0.75, 0.20, 0.05)

SURVEYS = {
    survey.name: survey
    for survey in (
        # LAMOST's unit is its own: only the shape of its spectra is calibrated.
        Survey(
            "lamost",
            LAMOST,
            Schedule(55_900, 58_000, 100, 16, 250, _MOSTLY_ONCE, 60.0, 14.0, 0.12, 117.58),
            "g",
            8e7,
            3.0,
        ),
        Survey(
            "apogee",
            APOGEE,
            Schedule(55_800, 58_500, 150, 1, 300, (0.45, 0.20, 0.35), 80.0, 11.0, 0.13, -105.82),
            "h",
            1.133e7,
            0.1,
        ),
        Survey(
            "boss",
            BOSS,
            Schedule(55_200, 58_900, 200, 2, 1000, _MOSTLY_ONCE, 40.0, 16.0, 0.15, -105.82),
            "g",
            2.5e8,
            5.0,
        ),
    )
}
"""The surveys by name."""
