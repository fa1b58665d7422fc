"""Simulate a survey: draw stars, observe them and write all that the survey would publish."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.files.catalog_files import BatchRows
from starledger.compute.simulate.files.fits_bytes import TableFile
from starledger.compute.simulate.files.gaia_catalog import (
    csv_lines,
    ecsv_head,
    neighbourhood_columns,
    source_columns,
    wide_binary_columns,
)
from starledger.compute.simulate.files.galah_catalog import GALAH_DTYPES, GALAH_UNITS, galah_rows
from starledger.compute.simulate.files.lamost_files import Layout
from starledger.compute.simulate.files.text_file import TextFile
from starledger.compute.simulate.files.truth_file import write_counts, write_stars
from starledger.compute.simulate.files.writers import ApogeeWriter, BossWriter, LamostWriter, Writer
from starledger.compute.simulate.observe.library import library_for
from starledger.compute.simulate.observe.observing import Observer, Quality
from starledger.compute.simulate.observe.rest_spectra import (
    Band,
    DirectSpectra,
    FlatSpectra,
    RestSpectra,
)
from starledger.compute.simulate.observe.surveys import SURVEYS, Survey
from starledger.compute.simulate.population.stars import Stars
from starledger.compute.simulate.population.truth import Mixture, draw_stars
from starledger.compute.simulate.processes import in_order
from starledger.schema.errors import StarledgerError

CATALOGS = ("galah", "gaia")
NAMES = (*SURVEYS, *CATALOGS)
"""What can be simulated: three surveys with spectra, and two of catalogs alone."""

_BATCH = 64
"""Stars that are observed at once; it goes into the seeds of the noise."""
_ROWS = 10_000
DIRECT_UP_TO = 500
"""Number of stars up to which each spectrum is synthesized; beyond, a library is worth making."""


class SimulationRefused(StarledgerError):
    """A survey cannot be simulated as asked."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was simulated.

    Parameters
    ----------
    survey, stars, seed, quality
        As asked for.
    folder
        Where it is.
    counts
        How many files and rows there are, by what they are.
    """

    survey: str
    stars: int
    seed: int
    quality: str
    folder: str
    counts: dict[str, int]


def _nothing(_: int) -> None:
    """Do nothing about progress."""


def _check(survey: str, n_stars: int, out: Path, *, force: bool) -> None:
    if survey not in NAMES:
        raise SimulationRefused(
            f"There is no survey {survey!r} to simulate.", remedy=f"Take one of {', '.join(NAMES)}."
        )
    if n_stars < 1:
        raise SimulationRefused(
            f"{n_stars} stars cannot be simulated.", remedy="Ask for one star or more."
        )
    if out.exists() and not out.is_dir():
        raise SimulationRefused(f"{out} is a file.", remedy="Name a folder with --out.")
    if out.exists() and any(out.iterdir()) and not force:
        raise SimulationRefused(
            f"The folder {out} is not empty.",
            remedy="Name another folder, or replace what is in it with --force.",
        )


def simulate_survey(
    survey: str,
    n_stars: int,
    seed: int,
    out: Path,
    *,
    quality: Quality | str = Quality.REALISTIC,
    layout: Layout = "old",
    force: bool = False,
    mixture: Mixture | None = None,
    visit_shares: tuple[float, ...] | None = None,
    spectra: RestSpectra | None = None,
    catalogs_only: bool = False,
    library: Callable[[Band], RestSpectra] = library_for,
    progress: Callable[[int], None] = _nothing,
    processes: int = 1,
) -> Simulation:
    """Write a simulated survey with its truth; the same arguments write the same bytes.

    Parameters
    ----------
    survey
        One of `NAMES`.
    n_stars
        How many stars.
    seed
        Of all draws.
    out
        An empty folder, or one to be made: ``spectra/``, ``catalogs/`` and ``truth/`` in it.
    quality
        ``clean``: Gaussian noise of the stated size and nothing else; ``realistic``: all that is
        wrong with real spectra, and the slips of surveys in their catalogs.
    layout
        Of LAMOST's files, ``old`` or ``new``.
    force
        Empty the folder first.
    mixture
        How many stars are of what kind; the same stars come out for every survey.
    visit_shares
        Shares of the stars with 1, 2, 3, … visits; the survey's own by default.
    spectra
        Where spectra come from; by default they are synthesized for each star, and for more than
        `DIRECT_UP_TO` of them taken from the library.
    catalogs_only
        Write no spectra, which takes most of the time.
    library
        Makes, or finds, the library of a band.
    progress
        Called with the number of stars done since the last call.
    processes
        How many share the work; their number does not change what is written.
    """
    _check(survey, n_stars, out, force=force)
    quality = Quality(quality)
    for part in ("spectra", "catalogs", "truth"):
        shutil.rmtree(out / part, ignore_errors=True)
    stars = draw_stars(n_stars, seed, mixture=mixture)
    write_stars(out / "truth" / "stars.fits", stars)
    if survey in CATALOGS:
        counts = _write_catalogs(survey, stars, seed, out, quality)
        progress(n_stars)
    else:
        how = _scheduled(SURVEYS[survey], visit_shares)
        band = how.instrument.band
        if catalogs_only:
            spectra = FlatSpectra(band)
        elif spectra is None:
            spectra = DirectSpectra(band) if n_stars <= DIRECT_UP_TO else library(band)
        observer = Observer(how, stars, spectra, quality, seed)
        writer = _writer(observer, out, layout, spectra=not catalogs_only)
        counts = _observe_all(observer, writer, processes, progress)
    return _finished(Simulation(survey, n_stars, seed, quality.value, str(out), counts), layout)


def _scheduled(survey: Survey, visit_shares: tuple[float, ...] | None) -> Survey:
    if visit_shares is None:
        return survey
    return replace(survey, schedule=replace(survey.schedule, visit_shares=visit_shares))


def _finished(made: Simulation, layout: Layout) -> Simulation:
    """Write down what was made, last of all."""
    facts: dict[str, Any] = asdict(made)
    # Where it is does not belong to what it is: the same bytes come out in any folder.
    folder = Path(facts.pop("folder"))
    write_counts(folder / "truth" / "counts.json", facts | {"layout": layout})
    return made


def _writer(observer: Observer, out: Path, layout: Layout, *, spectra: bool) -> Writer:
    match observer.survey.name:
        case "lamost":
            return LamostWriter(out, observer, layout, spectra=spectra)
        case "apogee":
            return ApogeeWriter(out, observer, spectra=spectra)
        case _:
            return BossWriter(out, observer, spectra=spectra)


@dataclass(frozen=True, slots=True)
class _Work:
    """Observes a batch and writes its spectra; sent to every process."""

    observer: Observer
    writer: Writer

    def __call__(self, number: int) -> BatchRows:
        first = number * _BATCH
        past = min(first + _BATCH, len(self.observer.stars))
        return self.writer.write(self.observer.observe(number, first, past))


def _observe_all(
    observer: Observer, writer: Writer, processes: int, progress: Callable[[int], None]
) -> dict[str, int]:
    numbers = range(-(-len(observer.stars) // _BATCH))
    work = _Work(observer, writer)
    with writer.catalogs() as catalogs:
        for number, rows in zip(numbers, in_order(work, numbers, processes), strict=True):
            catalogs.append(rows)
            progress(min(_BATCH, len(observer.stars) - number * _BATCH))
    return catalogs.counts()


def _write_catalogs(
    survey: str, stars: Stars, seed: int, out: Path, quality: Quality
) -> dict[str, int]:
    write = _write_galah if survey == "galah" else _write_gaia
    return write(stars, seed, out / "catalogs", quality)


def _lots(stars: Stars) -> list[Stars]:
    return [
        stars.take(np.arange(first, min(first + _ROWS, len(stars))))
        for first in range(0, len(stars), _ROWS)
    ]


def _write_galah(stars: Stars, seed: int, out: Path, quality: Quality) -> dict[str, int]:
    counts = {}
    for number, release in enumerate(("dr2", "dr3")):
        rng = np.random.default_rng([seed, 19, number])
        path = out / {"dr2": "GALAH_DR2_catalog.fits", "dr3": "GALAH_DR3_main_v2.fits"}[release]
        with TableFile(path, GALAH_DTYPES[release], units=GALAH_UNITS) as file:
            for lot in _lots(stars):
                file.append(galah_rows(lot, release, quality, rng))
        counts[f"galah_{release}_rows"] = file.rows
    return counts


def _write_gaia(stars: Stars, seed: int, out: Path, quality: Quality) -> dict[str, int]:
    made: dict[str, list[Mapping[str, NDArray[np.generic]]]] = {}
    for number, table in enumerate(("gaia_dr2_source", "gaia_dr3_source", "dr2_neighbourhood")):
        rng = np.random.default_rng([seed, 23, number])
        made[table] = [
            neighbourhood_columns(lot, quality, rng)
            if table == "dr2_neighbourhood"
            else source_columns(lot, table[5:8], quality, rng)
            for lot in _lots(stars)
        ]
    lots = made["gaia_dr3_source"]
    sources = {name: np.concatenate([lot[name] for lot in lots]) for name in lots[0]}
    made["wide_binaries"] = [wide_binary_columns(stars, sources)]
    counts = {}
    for table, lots in made.items():
        # Gaia's archive gives DR3 as ECSV and the others as plain CSV.
        new = table == "gaia_dr3_source"
        head = ecsv_head(lots[0]) if new else ",".join(lots[0])
        with TextFile(out / f"{table}.{'ecsv' if new else 'csv'}", head) as file:
            for columns in lots:
                for line in csv_lines(columns):
                    file.append(line)
        counts[f"{table}_rows"] = file.rows
    return counts
