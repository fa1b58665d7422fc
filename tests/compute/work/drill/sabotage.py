"""Workers whose fitter breaks on marked spectra, as a real one may on a spectrum nobody foresaw."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from starledger.compute.models.base import Fits, Spectra
from starledger.compute.work.clusters import Wanted
from starledger.compute.work.crew import Crew
from starledger.compute.work.joining import join
from starledger.compute.work.station import Station
from starledger.schema.settings import Settings

RAISES, KILLS = 777.0, 778.0
"""Fluxes of a first pixel at which the fitter raises, or its process dies."""


class Sabotage(RuntimeError):
    """The fitter broke."""


class SabotagedCrew(Crew):
    """A crew with a fitter that breaks."""

    def station(self, fit_run_id: int) -> Station:
        """Return a station whose fitter is sabotaged."""
        station = super().station(fit_run_id)
        if not hasattr(station, "sabotaged"):
            setattr(station.fitter, "fit", _sabotaged(station.fitter.fit))  # noqa: B010
            setattr(station, "sabotaged", True)  # noqa: B010
        return station


def _sabotaged(fit: Callable[[Spectra], Fits]) -> Callable[[Spectra], Fits]:
    def fitted(spectra: Spectra) -> Fits:
        first = spectra.flux[:, 0]
        if bool((first == KILLS).any()):
            os.kill(os.getpid(), signal.SIGKILL)
        if bool((first == RAISES).any()):
            raise Sabotage("This spectrum breaks the fitter.")
        return fit(spectra)

    return fitted


def main() -> None:
    """Join a scheduler with sabotaged workers: HOME SCHEDULER COUNT LEASE RETRY."""
    home, scheduler, count, lease, retry = sys.argv[1:]
    settings = Settings(home=Path(home), lease_seconds=float(lease), retry_seconds=float(retry))
    wanted = Wanted("cpu", (int(count), int(count)), 1)
    asyncio.run(join(scheduler, settings, wanted, None, SabotagedCrew))


if __name__ == "__main__":
    main()
