"""Gzipped LAMOST spectra into shards, against astropy.io.fits alone reading the same files.

Run by hand: ``python benchmarks/ingest_spectra.py [--files 10000] [--pairs 3] [--processes 2]``.
Each pair reads the same files with the same number of started processes, first one and then the
other, so that a busy machine slows both; what is said are the ratios. The files are real bytes of
simulated spectra, linked under many names, with identifiers of their own.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Literal

import numpy as np
import psutil  # type: ignore[import-untyped]

from starledger.ingest.pixels.spectra_run import SpectraSummary, chunk_size, ingest_spectra
from starledger.schema import migrate
from starledger.schema.database import Database, open_database
from starledger.schema.settings import Settings

# Whatever is imported up here, the processes that are started import too: no torch, no astropy.
LAYOUTS: tuple[Literal["old", "new"], ...] = ("old", "new")
_OBSID = b"OBSID   = "


def write_files(folder: Path, layout: Literal["old", "new"], n_files: int) -> None:
    """Write so many files of different stars, each under an identifier of its own."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.compute.simulate.pretend_spectra import PretendSpectra

    from starledger.compute.simulate.observe.surveys import SURVEYS
    from starledger.compute.simulate.survey import simulate_survey

    made = folder / f"simulated-{layout}"
    spectra = PretendSpectra(SURVEYS["lamost"].instrument.band)
    simulate_survey("lamost", 300, 5, made, spectra=spectra, layout=layout)
    originals = [gzip.decompress(p.read_bytes()) for p in sorted(made.rglob("*.fits.gz"))]
    out = folder / layout
    for number in range(n_files):
        contents = originals[number % len(originals)]
        at = contents.index(_OBSID) + len(_OBSID)
        contents = contents[:at] + b"%20d" % (10**8 + number) + contents[at + 20 :]
        path = out / f"{number // 250:04}" / f"spec-{number:08}.fits.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(contents, 6))
    shutil.rmtree(made)


_KEYWORDS = (
    *("OBSID", "PLANID", "SPID", "FIBERID", "RA", "DEC", "LMJD", "DATE-OBS", "EXPTIME", "HELIO"),
    *("VACUUM", "COEFF0", "COEFF1", "CLASS", "SUBCLASS", "Z", "Z_ERR", "FIBERMAS", "DATA_V"),
    *("SNRU", "SNRG", "SNRR", "SNRI", "SNRZ"),
)
"""What the ledger keeps of a file's header."""


def read_arrays(paths: list[Path]) -> int:
    """Read all arrays of files with astropy alone, and count their pixels."""
    return _read_with_astropy(paths, ())


def read_arrays_and_header(paths: list[Path]) -> int:
    """Read all arrays of files with astropy alone, and what a header says of them."""
    return _read_with_astropy(paths, _KEYWORDS)


def _read_with_astropy(paths: list[Path], keywords: tuple[str, ...]) -> int:
    from astropy.io import fits

    pixels = 0
    for path in paths:
        with fits.open(path, memmap=False) as hdus:
            assert len([hdus[0].header.get(name) for name in keywords]) == len(keywords)
            if len(hdus) == 1:
                pixels += np.asarray(hdus[0].data, np.float32).size
            else:
                row = hdus["COADD"].data[0]
                names = ("FLUX", "IVAR", "WAVELENGTH", "ANDMASK", "ORMASK")
                pixels += sum(np.array(row[name]).size for name in names)
    return pixels


def astropy_seconds(read: Callable[[list[Path]], int], folder: Path, processes: int) -> float:
    """Return the time that astropy needs for all files, its processes' start included."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    length = chunk_size(len(paths))
    chunks = [paths[first : first + length] for first in range(0, len(paths), length)]
    start = time.perf_counter()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        assert sum(pool.map(read, chunks)) > 0
    return time.perf_counter() - start


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Watch the resident memory of this process and of those it starts, in MiB."""
    done, peaks = Event(), [0.0, 0.0]
    me = psutil.Process()

    def watch() -> None:
        while not done.wait(0.2):
            of_each = [me.memory_info().rss]
            for child in me.children(recursive=True):
                try:
                    if "postgres" not in child.name():
                        of_each.append(child.memory_info().rss)
                except psutil.Error:
                    continue
            peaks[0] = max(peaks[0], sum(of_each) / 2**20)
            peaks[1] = max(peaks[1], max(of_each) / 2**20)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        done.set()
        watcher.join()


def ingest(database: Database, root: Path, folder: Path, release: str, n: int) -> SpectraSummary:
    """Ingest a folder as a data release of its own."""
    return ingest_spectra(database, root, "lamost", release, [folder], processes=n)


def compare(database: Database, place: Path, folder: Path, layout: str, pairs: int, n: int) -> None:
    """Print the ratios for one layout."""
    n_files = sum(p.is_file() for p in folder.rglob("*"))
    faster, faster_whole, again, rates = [], [], [], []
    for pair in range(pairs):
        by_astropy = astropy_seconds(read_arrays, folder, n)
        whole = astropy_seconds(read_arrays_and_header, folder, n)
        release, root = f"dr{pair}/{layout}", place / "shards"
        with peak_memory() as peaks:
            first = ingest(database, root, folder, release, n)
        second = ingest(database, root, folder, release, n)
        assert first.n_inserted == second.n_skipped == n_files
        assert (first.n_rejected, second.n_read) == (0, 0)
        faster.append(by_astropy / first.seconds)
        faster_whole.append(whole / first.seconds)
        again.append(first.seconds / second.seconds)
        rates.append(n_files / first.seconds)
        print(
            f"  {layout}, pair {pair + 1}: astropy {by_astropy:.2f} s, with headers {whole:.2f} s,"
            f" ingest {first.seconds:.2f} s, second run {second.seconds:.3f} s;"
            f" peak memory {peaks[0]:.0f} MiB of all processes, {peaks[1]:.0f} MiB of the largest"
        )
        shutil.rmtree(root)
    print(
        f"{layout} layout, {n_files} files, {n} processes: {_spread(faster)} x astropy"
        f" reading arrays, {_spread(faster_whole)} x reading arrays and headers (target 2.5),"
        f" second run {_spread(again)} x faster (target 20),"
        f" {_spread(rates)} files/s"
    )


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        place.chmod(0o755)
        with open_database(Settings(home=place / "home")) as database:
            migrate.upgrade(database.engine())
            for layout in LAYOUTS:
                writer = get_context("spawn").Process(
                    target=write_files, args=(place, layout, asked.files)
                )
                writer.start()
                writer.join()
                assert writer.exitcode == 0
                folder = place / layout
                compare(database, place, folder, layout, asked.pairs, asked.processes)
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
