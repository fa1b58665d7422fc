"""Write what was observed as each survey publishes it, batch by batch."""

from __future__ import annotations

from functools import cached_property
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
from starledger.compute.simulate.files.catalog_files import BatchRows, CatalogFiles
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
    """Writes the spectra of a survey, in any process, and opens its catalogs, in one."""

    def write(self, seen: Seen) -> BatchRows:
        """Write the spectra of a batch and return its rows of the catalogs."""

    def catalogs(self) -> CatalogFiles:
        """Return the catalogs, to be entered and filled."""


class _Spectra:
    """Which visits of a batch have a file.

    Parameters
    ----------
    quality
        In the realistic one some are lost.
    wanted
        Whether files are written at all, or the survey's catalogs alone.
    """

    def __init__(self, quality: Quality, *, wanted: bool) -> None:
        self.quality, self.wanted = quality, wanted

    def kept(self, visits: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Return which visits of a batch have one."""
        if self.quality is Quality.CLEAN:
            return np.full(visits, self.wanted)
        return np.asarray((rng.random(visits) >= LOST_FILE_SHARE) & self.wanted)


class LamostWriter:
    """Writes LAMOST's spectra, its general catalog and its stellar catalog.

    Parameters
    ----------
    out
        The folder of the survey.
    observer
        Whose batches come.
    layout
        Of the spectra and the catalogs: ``old`` as DR5, ``new`` as DR10.
    spectra
        Whether spectra are written, or catalogs alone.
    """

    def __init__(
        self, out: Path, observer: Observer, layout: Layout, *, spectra: bool = True
    ) -> None:
        self.out, self.layout, self.quality = out, layout, observer.quality
        self.spectra = _Spectra(self.quality, wanted=spectra)

    def catalogs(self) -> CatalogFiles:
        """Return the catalogs, to be entered and filled."""
        folder = self.out / "catalogs"
        release = {"old": "dr5", "new": "dr10"}[self.layout]
        columns = {
            "general": lamost_catalog.GENERAL_COLUMNS[self.layout],
            "stellar": lamost_catalog.STELLAR_COLUMNS[self.layout],
        }
        texts = {
            f"{name}_rows": TextFile(folder / f"lamost_{release}_{name}.csv", "|".join(head))
            for name, head in columns.items()
        }
        return CatalogFiles({"visits": visit_truth_file(self.out)}, texts)

    def write(self, seen: Seen) -> BatchRows:
        """Write the spectra of a batch and return its rows of the catalogs."""
        batch = seen.batch
        rows = lamost_rows(batch)
        realistic = self.quality is Quality.REALISTIC
        often = lamost_catalog.copies(len(batch), batch.rng, realistic=realistic)
        kept = self.spectra.kept(len(batch), batch.rng)
        lines = list(lamost_catalog.catalog_lines(batch, rows, often, self.layout))
        general = [one for of_visit in lines for one, _ in of_visit]
        stellar = [one for of_visit in lines for _, one in of_visit if one is not None]
        given = np.array([sum(one is not None for _, one in of_visit) for of_visit in lines])
        for i in np.flatnonzero(kept).tolist():
            path = self.out / "spectra" / rows.planid[i] / f"{rows.filename[i]}.gz"
            write_atomically(path, lamost_file(batch, rows, i, self.layout))
        return BatchRows(
            {"visits": visit_truth(batch, rows.filename, kept, often, given)},
            {"general_rows": general, "stellar_rows": stellar},
            {"spectra": int(kept.sum())},
        )


class BossWriter:
    """Writes BOSS's spectra and the rows of spAll.

    Parameters
    ----------
    out, observer, spectra
        As for `LamostWriter`.
    full
        Write the single exposures too, as the full files have them.
    """

    def __init__(
        self, out: Path, observer: Observer, *, full: bool = False, spectra: bool = True
    ) -> None:
        self.out, self.full = out, full
        self.spectra = _Spectra(observer.quality, wanted=spectra)

    def catalogs(self) -> CatalogFiles:
        """Return the catalogs, to be entered and filled."""
        path = self.out / "catalogs" / "spAll-v5_13_2.fits"
        tables = {
            "visits": visit_truth_file(self.out),
            "spall_rows": TableFile(path, boss_files.SPALL, "SPALL"),
        }
        return CatalogFiles(tables, {})

    def write(self, seen: Seen) -> BatchRows:
        """Write the spectra of a batch and return its rows of the catalogs."""
        batch = seen.batch
        velocity = boss_files.boss_velocity(batch)
        names = [boss_files.spec_name(batch, i) for i in range(len(batch))]
        kept = self.spectra.kept(len(batch), batch.rng)
        rows = boss_files.spall_rows(batch, velocity)
        for i in np.flatnonzero(kept).tolist():
            contents = boss_files.spec_file(batch, velocity, rows, i, full=self.full)
            write_atomically(self.out / "spectra" / names[i].split("-")[1] / names[i], contents)
        ones = np.ones(len(batch), dtype=np.int64)
        truth = visit_truth(batch, names, kept, ones, 0 * ones)
        return BatchRows({"visits": truth, "spall_rows": rows}, files={"spectra": int(kept.sum())})


class ApogeeWriter:
    """Writes APOGEE's apVisit and apStar files, allVisit and allStar.

    Parameters
    ----------
    out, observer, spectra
        As for `LamostWriter`.
    """

    def __init__(self, out: Path, observer: Observer, *, spectra: bool = True) -> None:
        self.out, self.observer = out, observer
        self.spectra = _Spectra(observer.quality, wanted=spectra)

    @cached_property
    def _sampling(self) -> Sampling:
        return Sampling(self.observer.spectra.band, APOGEE_COMBINED)

    def catalogs(self) -> CatalogFiles:
        """Return the catalogs, to be entered and filled."""
        folder = self.out / "catalogs"
        positions = {"RA": "deg", "DEC": "deg"}
        all_visit = folder / "allVisit-r12-l33.fits"
        all_star = folder / "allStar-r12-l33.fits"
        tables = {
            "visits": visit_truth_file(self.out),
            "allvisit_rows": TableFile(all_visit, apogee_catalog.ALL_VISIT, units=positions),
            "allstar_rows": TableFile(
                all_star, apogee_catalog.ALL_STAR, units=apogee_catalog.UNITS
            ),
        }
        return CatalogFiles(tables, {})

    def write(self, seen: Seen) -> BatchRows:
        """Write the spectra of a batch and return its rows of the catalogs."""
        batch = seen.batch
        rows = apogee_rows(batch)
        kept = self.spectra.kept(len(batch), batch.rng)
        folder = self.out / "spectra"
        for i in np.flatnonzero(kept).tolist():
            path = folder / "apvisit" / str(rows.plate[i]) / rows.visit_file[i]
            write_atomically(path, visit_file(batch, rows, i))
        spectra = self._at_rest(seen, rows.velocity.value, rows.relative(batch))
        given = np.zeros(len(batch), dtype=np.int64)
        stars = np.split(np.arange(len(batch)), np.flatnonzero(np.diff(batch.visits.star)) + 1)
        all_star = []
        for here in stars:
            own = spectra.rows(here)
            if self.spectra.wanted:
                path = folder / "apstar" / star_name(rows.apogee_id[int(here[0])])
                write_atomically(path, star_file(batch, rows, here, own))
            row = apogee_catalog.star_row(batch, rows, here, own)
            often = self._repeated(row, batch.rng)
            all_star += often
            given[here] = len(often) if row["ASPCAPFLAG"][0] == 0 else 0
        ones = np.ones(len(batch), dtype=np.int64)
        tables = {
            "visits": visit_truth(batch, rows.visit_file, kept, ones, given),
            "allvisit_rows": apogee_catalog.visit_rows(batch, rows),
            "allstar_rows": np.concatenate(all_star),
        }
        return BatchRows(
            tables, files={"apvisit": int(kept.sum()), "apstar": len(stars) * self.spectra.wanted}
        )

    def _repeated(self, row: NDArray[np.void], rng: np.random.Generator) -> list[NDArray[np.void]]:
        """Return a row of allStar, and for some stars a second one under another field."""
        realistic = self.observer.quality is Quality.REALISTIC
        if not realistic or rng.random() >= DUPLICATE_STAR_SHARE:
            return [row]
        again = row.copy()
        again["EXTRATARG"] = apogee_catalog.DUPLICATE
        again["FIELD"] = b"SIMEXTRA"
        apogee_catalog.give_identity(again, 1)
        return [row, again]

    def _at_rest(
        self, seen: Seen, measured: NDArray[np.float64], relative: NDArray[np.float64]
    ) -> VisitSpectra:
        """Bring the visits to rest with the velocities that were measured."""
        at = seen.batch.circumstances
        left = seen.batch.velocity + at.zero_point - measured
        motion = Motion(torch.from_numpy(left), seen.motion.vmac, seen.motion.vsini)
        exact = self.observer.sampled(self._sampling, seen.at_rest, motion, at.lsf_scale)
        return resample(seen.batch.exposure, seen.noiseless, exact, relative)
