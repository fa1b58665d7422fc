"""How fast a Cannon is trained and gives labels: 500 stars × 7214 pixels × 5 labels.

`thecannon`, star by star, takes 3–4 s and 6–11 ms a star on a machine of this size.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import torch

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.label_step import LabelStep
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import TrainingSet, train

N_STARS, N_PIXELS, N_LABELS = 500, 7214, 5
TRAINING_REFERENCE = (3.0, 4.0)
STEP_REFERENCE = (0.006, 0.011)
REPEATS = 3


def cpu_seconds() -> float:
    """Return the processor time of all threads so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Return the least wall and processor seconds of some repeats."""
    walls, cpus = [], []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), cpu_seconds()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(cpu_seconds() - cpu)
    return min(walls), min(cpus)


def made_up() -> TrainingSet:
    """Return stars of a random quadratic model with noise and scatter."""
    torch.manual_seed(7)
    terms = Terms.up_to(2, N_LABELS)
    labels = torch.rand(N_STARS, N_LABELS, dtype=torch.float64)
    strength = 0.02 * torch.randn(len(terms), N_PIXELS, dtype=torch.float64)
    strength[0] = 1.0
    scatter = 0.01 * torch.rand(N_PIXELS, dtype=torch.float64)
    error = 0.01 * torch.ones(N_STARS, N_PIXELS, dtype=torch.float64)
    noise = torch.randn(N_STARS, N_PIXELS, dtype=torch.float64) * (error**2 + scatter**2).sqrt()
    flux = terms.values(labels - 0.5) @ strength + noise
    names = tuple(f"label_{i}" for i in range(N_LABELS))
    wavelength = torch.linspace(15100.0, 17000.0, N_PIXELS, dtype=torch.float64)
    return TrainingSet(names, labels, Spectra(flux, error**-2), wavelength)


def report(what: str, seconds: tuple[float, float], reference: tuple[float, float]) -> None:
    """Print one line, with the ratio to both ends of the reference."""
    wall, cpu = seconds
    ratios = " to ".join(f"{end / wall:.0f}" for end in reference)
    print(f"{what}: {1e3 * wall:.3f} ms wall, {1e3 * cpu:.3f} ms CPU; {ratios} × the reference")


def main() -> None:
    """Print both figures."""
    stars = made_up()
    cannon: Cannon = train(stars)
    step = LabelStep(cannon)
    print(f"{torch.get_num_threads()} threads")
    report("training", measured(lambda: train(stars)), TRAINING_REFERENCE)
    wall, cpu = measured(lambda: step(stars.spectra))
    report("labels of a star", (wall / N_STARS, cpu / N_STARS), STEP_REFERENCE)
    one = Spectra(stars.spectra.flux[:1], stars.spectra.ivar[:1])
    report("labels of a star, alone", measured(lambda: step(one)), STEP_REFERENCE)


if __name__ == "__main__":
    main()
