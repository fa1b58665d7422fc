"""Write what was observed as each survey publishes it, batch by batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from starledger.compute.simulate.files import apogee_catalog, boss_files, lamost_catalog
from starledger.compute.simulate.files.apogee_names import apogee_rows
from starledger.compute.simulate.files.apogee_resampling import VisitSpectra, resample
from starledger.compute.simulate.files.apogee_star_files import star_file, star_name
from starledger.compute.simulate.files.apogee_visit_files import visit_file
from starledger.compute.simulate.files.fits_bytes import TableFile, write_atomically
from starledger.compute.simulate.files.lamost_files import Layout, lamost_file, lamost_rows
from starledger.compute.simulate.files.text_file import TextFile
from starledger.compute.simulate.files.truth_file import visit_truth, visit_truth_file
from starledger.compute.simulate.observe.instruments import APOGEE_COMBINED
from starledger.compute.simulate.observe.observation import Motion, Sampling
from starledger.compute.simulate.observe.observing import Observer, Quality, Seen

LOST_FILE_SHARE = 0.003
"""Share of the visits whose file a survey has lost, in the realistic quality."""
DUPLICATE_STAR_SHARE = 0.01
"""Share of the stars that allStar holds under a second field, in the realistic quality."""


class Writer(Protocol):
    """Writes the batches of a survey; what it opens is closed with the stack that it was given."""

    def write(self, seen: Seen) -> None:
        """Write the files and the catalog rows of a batch."""

    def counts(self) -> dict[str, int]:
        """Return how many files and rows there are, by what they are."""


def _write_all(jobs: Iterable[tuple[Path, Callable[[], bytes]]]) -> int:
    """Make and write files on all processors: packing and writing do not hold each other up."""

    def one(job: tuple[Path, Callable[[], bytes]]) -> None:
        path, contents = job
        write_atomically(path, contents())

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(1 for _ in pool.map(one, jobs))


def _kept(visits: int, rng: np.random.Generator, quality: Quality) -> NDArray[np.bool_]:
    if quality is Quality.CLEAN:
        return np.ones(visits, dtype=bool)
    return np.asarray(rng.random(visits) >= LOST_FILE_SHARE)


class LamostWriter:
    """Writes LAMOST's spectra, its general catalog and its stellar catalog.

    Parameters
    ----------
    out
        The folder of the survey.
    observer
        Whose batches come.
    stack
        Closes the files.
    layout
        Of the spectra and the catalogs: ``old`` as DR5, ``new`` as DR10.
    """

    def __init__(self, out: Path, observer: Observer, stack: ExitStack, layout: Layout) -> None:
        self.out, self.layout, self.quality = out, layout, observer.quality
        release = {"old": "dr5", "new": "dr10"}[layout]
        self._general, self._stellar = (
            stack.enter_context(
                TextFile(out / "catalogs" / f"lamost_{release}_{name}.csv", "|".join(columns))
            )
            for name, columns in (
                ("general", lamost_catalog.GENERAL_COLUMNS[layout]),
                ("stellar", lamost_catalog.STELLAR_COLUMNS[layout]),
            )
        )
        self._truth = stack.enter_context(visit_truth_file(out / "truth" / "visits.fits"))
        self._files = 0

    def write(self, seen: Seen) -> None:
        """Write the files and the catalog rows of a batch."""
        batch = seen.batch
        rows = lamost_rows(batch)
        realistic = self.quality is Quality.REALISTIC
        often = lamost_catalog.copies(len(batch), batch.rng, realistic=realistic)
        kept = _kept(len(batch), batch.rng, self.quality)
        labels = np.zeros(len(batch), dtype=np.int64)
        for i, lines in enumerate(lamost_catalog.catalog_lines(batch, rows, often, self.layout)):
            for general, stellar in lines:
                self._general.append(general)
                if stellar is not None:
                    self._stellar.append(stellar)
                    labels[i] += 1
        self._files += _write_all(
            (
                self.out / "spectra" / rows.planid[i] / f"{rows.filename[i]}.gz",
                partial(lamost_file, batch, rows, i, self.layout),
            )
            for i in np.flatnonzero(kept).tolist()
        )
        self._truth.append(visit_truth(batch, rows.filename, kept, often, labels))

    def counts(self) -> dict[str, int]:
        """Return how many files and rows there are, by what they are."""
        return {
            "visits": self._truth.rows,
            "spectra": self._files,
            "general_rows": self._general.rows,
            "stellar_rows": self._stellar.rows,
        }


class BossWriter:
    """Writes BOSS's spectra and the rows of spAll.

    Parameters
    ----------
    out, observer, stack
        As for `LamostWriter`.
    full
        Write the single exposures too, as the full files have them.
    """

    def __init__(
        self, out: Path, observer: Observer, stack: ExitStack, *, full: bool = False
    ) -> None:
        self.out, self.quality, self.full = out, observer.quality, full
        self._catalog = stack.enter_context(
            TableFile(out / "catalogs" / "spAll-v5_13_2.fits", boss_files.SPALL, "SPALL")
        )
        self._truth = stack.enter_context(visit_truth_file(out / "truth" / "visits.fits"))
        self._files = 0

    def write(self, seen: Seen) -> None:
        """Write the files and the catalog rows of a batch."""
        batch = seen.batch
        velocity = boss_files.boss_velocity(batch)
        names = [boss_files.spec_name(batch, i) for i in range(len(batch))]
        kept = _kept(len(batch), batch.rng, self.quality)
        rows = boss_files.spall_rows(batch, velocity)
        for i in np.flatnonzero(kept).tolist():
            contents = boss_files.spec_file(batch, velocity, rows, i, full=self.full)
            write_atomically(self.out / "spectra" / names[i].split("-")[1] / names[i], contents)
        self._files += int(kept.sum())
        self._catalog.append(rows)
        ones = np.ones(len(batch), dtype=np.int64)
        self._truth.append(visit_truth(batch, names, kept, ones, 0 * ones))

    def counts(self) -> dict[str, int]:
        """Return how many files and rows there are, by what they are."""
        return {
            "visits": self._truth.rows,
            "spectra": self._files,
            "spall_rows": self._catalog.rows,
        }


class ApogeeWriter:
    """Writes APOGEE's apVisit and apStar files, allVisit and allStar.

    Parameters
    ----------
    out, observer, stack
        As for `LamostWriter`.
    """

    def __init__(self, out: Path, observer: Observer, stack: ExitStack) -> None:
        self.out, self.observer = out, observer
        self._sampling = Sampling(observer.spectra.band, APOGEE_COMBINED)
        self._all_visit, self._all_star = (
            stack.enter_context(TableFile(out / "catalogs" / name, kind, units=units))
            for name, kind, units in (
                ("allVisit-r12-l33.fits", apogee_catalog.ALL_VISIT, {"RA": "deg", "DEC": "deg"}),
                ("allStar-r12-l33.fits", apogee_catalog.ALL_STAR, apogee_catalog.UNITS),
            )
        )
        self._truth = stack.enter_context(visit_truth_file(out / "truth" / "visits.fits"))
        self._visit_files = self._star_files = 0

    def write(self, seen: Seen) -> None:
        """Write the files and the catalog rows of a batch."""
        batch = seen.batch
        rows = apogee_rows(batch)
        kept = _kept(len(batch), batch.rng, self.observer.quality)
        self._visit_files += _write_all(
            (
                self.out / "spectra" / "apvisit" / str(rows.plate[i]) / rows.visit_file[i],
                partial(visit_file, batch, rows, i),
            )
            for i in np.flatnonzero(kept).tolist()
        )
        spectra = self._at_rest(seen, rows.velocity.value, rows.relative(batch))
        given = np.zeros(len(batch), dtype=np.int64)
        for here in np.split(np.arange(len(batch)), np.flatnonzero(np.diff(batch.visits.star)) + 1):
            own = VisitSpectra(
                *(getattr(spectra, name)[here] for name in ("flux", "error", "mask", "sky"))
            )
            path = self.out / "spectra" / "apstar" / star_name(rows.apogee_id[int(here[0])])
            write_atomically(path, star_file(batch, rows, here, own))
            self._star_files += 1
            given[here] = self._append_star(seen, apogee_catalog.star_row(batch, rows, here, own))
        self._all_visit.append(apogee_catalog.visit_rows(batch, rows))
        ones = np.ones(len(batch), dtype=np.int64)
        self._truth.append(visit_truth(batch, rows.visit_file, kept, ones, given))

    def _append_star(self, seen: Seen, row: NDArray[np.void]) -> int:
        """Append a row to allStar, and for some stars a second one; return how many have labels."""
        self._all_star.append(row)
        rows = 1
        realistic = self.observer.quality is Quality.REALISTIC
        if realistic and seen.batch.rng.random() < DUPLICATE_STAR_SHARE:
            again = row.copy()
            again["EXTRATARG"] = apogee_catalog.DUPLICATE
            again["FIELD"], again["LOCATION_ID"] = b"SIMEXTRA", 1
            self._all_star.append(again)
            rows = 2
        return rows if row["ASPCAPFLAG"][0] == 0 else 0

    def _at_rest(
        self, seen: Seen, measured: NDArray[np.float64], relative: NDArray[np.float64]
    ) -> VisitSpectra:
        """Bring the visits to rest with the velocities that were measured."""
        at = seen.batch.circumstances
        left = seen.batch.velocity + at.zero_point - measured
        motion = Motion(torch.from_numpy(left), seen.motion.vmac, seen.motion.vsini)
        exact = self.observer.sampled(self._sampling, seen.at_rest, motion, at.lsf_scale)
        return resample(seen.batch.exposure, seen.noiseless, exact, relative)

    def counts(self) -> dict[str, int]:
        """Return how many files and rows there are, by what they are."""
        return {
            "visits": self._truth.rows,
            "apvisit": self._visit_files,
            "apstar": self._star_files,
            "allvisit_rows": self._all_visit.rows,
            "allstar_rows": self._all_star.rows,
        }
