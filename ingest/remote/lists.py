"""Lists of identifiers and positions to ask for: from files, and from the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select, union

from starledger.ingest.remote.faults import RemoteError
from starledger.schema.tables import (
    ApogeeStar,
    GalahStar,
    ReferenceStar,
    Spectrum,
    SurveyVisit,
)

Number = TypeVar("Number", bound=np.generic)

_SUPPLYING = (Spectrum, GalahStar, ApogeeStar, ReferenceStar, SurveyVisit)
_AT_ONCE = 50_000
_LARGEST_ID = (1 << 63) - 1


def ids_of_file(file: Path) -> NDArray[np.int64]:
    """Return the identifiers of a text file with one in each line.

    Raises
    ------
    RemoteError
        A line is no whole number of 64 bits, or there is none.
    """
    ids = [_id(line, file, number) for number, line in enumerate(_lines(file), 1) if line.strip()]
    return _some(np.array(ids, np.int64), f"{file} holds no identifier.")


def positions_of_file(file: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return right ascensions and declinations (ICRS, degrees) of a CSV file.

    Its first line names the columns, ``ra`` and ``dec`` among them.
    """
    head, *lines = _lines(file) or [""]
    names = [name.strip().lower() for name in head.split(",")]
    if not {"ra", "dec"} <= set(names):
        raise RemoteError(
            f"{file} has the columns {', '.join(names)}.",
            remedy="Its first line must name the columns ra and dec, in degrees, among others.",
        )
    at = names.index("ra"), names.index("dec")
    rows = [_place(line, at, file, n) for n, line in enumerate(lines, 2) if line.strip()]
    places = _some(np.array(rows, float).reshape(-1, 2), f"{file} holds no position.")
    return places[:, 0], places[:, 1]


def ids_of_ledger(connection: Connection, supplied_as: str) -> NDArray[np.int64]:
    """Return the Gaia ids that current spectra and catalogs of other surveys supply.

    Parameters
    ----------
    connection
        A connection that may read the ledger.
    supplied_as
        ``gaia_dr2_source_id`` or ``gaia_dr3_source_id``; the two are never mixed.
    """
    ids = union(
        *(
            select(getattr(table, supplied_as)).where(
                getattr(table, supplied_as).is_not(None), table.valid_to_run_id.is_(None)
            )
            for table in _SUPPLYING
        )
    )
    found = connection.execution_options(yield_per=_AT_ONCE).scalars(ids)
    return _some(
        np.sort(np.fromiter(found, np.int64)),
        f"Nothing that was ingested supplies any {supplied_as}.",
    )


def positions_of_ledger(
    connection: Connection,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the positions (ICRS, degrees) of the current spectra, each of them once."""
    current = Spectrum.valid_to_run_id.is_(None)
    places = select(Spectrum.ra, Spectrum.dec).where(current).distinct()
    found = connection.execution_options(yield_per=_AT_ONCE).execute(places)
    flat = np.fromiter((value for row in found for value in row), float)
    both = _some(flat.reshape(-1, 2), "No spectrum was ingested.")
    return both[:, 0], both[:, 1]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RemoteError(f"{file} cannot be read: {error}.", remedy="Name a text file.") from error


def _id(line: str, file: Path, number: int) -> int:
    text = line.strip().rstrip(",")
    if not (text.isascii() and text.isdigit() and int(text) <= _LARGEST_ID):
        raise RemoteError(
            f"Line {number} of {file} is no identifier: {text[:40]!r}.",
            remedy="Write one whole number in each line, and no header.",
        )
    return int(text)


def _place(line: str, at: tuple[int, int], file: Path, number: int) -> tuple[float, float]:
    cells = line.split(",")
    try:
        ra, dec = (float(cells[i]) for i in at)
    except (ValueError, IndexError):
        ra = dec = np.nan
    if not (0.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0):
        raise RemoteError(
            f"Line {number} of {file} is no position: {line[:40]!r}.",
            remedy="Write right ascension (0 to 360) and declination (-90 to 90) in degrees.",
        )
    return ra % 360.0, dec


def _some(found: NDArray[Number], complaint: str) -> NDArray[Number]:
    if not len(found):
        raise RemoteError(complaint, remedy="There is nothing to ask for.")
    return found
