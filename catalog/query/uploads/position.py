"""The cell of the sky of each row of an uploaded table, by which it can be joined with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starledger.catalog.fields import Field
from starledger.catalog.query.errors import UploadRefused
from starledger.schema.sky import healpix_cells
from starledger.schema.units import DIMENSIONLESS

NAME = "healpix"
RA, DEC = "pos.eq.ra", "pos.eq.dec"
MAIN = "meta.main"

_NAMES = (
    ("ra", "dec"), ("_ra", "_de"), ("ra_icrs", "de_icrs"), ("raj2000", "dej2000"),
    ("_raj2000", "_dej2000"), ("ra_deg", "dec_deg"), ("radeg", "dedeg"), ("alpha", "delta"),
)  # fmt: skip
_NUMBERS = ("real", "double precision", "smallint", "integer", "bigint")


def position_of(fields: Sequence[Field]) -> tuple[int, int] | None:
    """Return where right ascension and declination stand: by their UCDs, or else by their names.

    Examples
    --------
    >>> position_of([Field(name, "double precision", "deg", "", "") for name in ("DEC", "RA")])
    (1, 0)
    """
    found = [_by_ucd(fields, word) for word in (RA, DEC)]
    if found[0] is not None and found[1] is not None:
        return found[0], found[1]
    at = {one.name.lower(): place for place, one in enumerate(fields) if one.type in _NUMBERS}
    return next(((at[ra], at[dec]) for ra, dec in _NAMES if ra in at and dec in at), None)


def _by_ucd(fields: Sequence[Field], word: str) -> int | None:
    said = [
        (place, one.ucd.lower().split(";"))
        for place, one in enumerate(fields)
        if one.type in _NUMBERS
    ]
    main = [place for place, words in said if words[0] == word and MAIN in words]
    other = [place for place, words in said if words[0] == word]
    return next(iter(main or other), None)


def with_cells(
    origin: str, fields: Sequence[Field], rows: pa.Table
) -> tuple[tuple[Field, ...], pa.Table, tuple[str, ...]]:
    """Return a table with the column `healpix` behind its own, if it has positions in degrees.

    Parameters
    ----------
    origin
        What the table is called in errors.
    fields, rows
        The table.

    Returns
    -------
    fields, rows, notes
        The table, the position marked by its UCDs; and why there are no cells where there is a
        position.

    Raises
    ------
    UploadRefused
        A position is none on the sky.
    """
    place = position_of(fields)
    if place is None or NAME in {one.name.lower() for one in fields}:
        return tuple(fields), rows, ()
    marked = list(fields)
    for at, word in zip(place, (RA, DEC), strict=True):
        if fields[at].unit not in ("deg", DIMENSIONLESS):
            note = (
                f"{origin}: positions are searched in degrees, and {fields[at].name} is in"
                f" {fields[at].unit}; the table can be joined by its columns alone."
            )
            return tuple(fields), rows, (note,)
        marked[at] = replace(fields[at], unit="deg", ucd=f"{word};{MAIN}")
    ra, dec = (_numbers(rows.column(at)) for at in place)
    known = ~(np.isnan(ra) | np.isnan(dec))
    _refuse_off_the_sky(origin, fields[place[0]].name, ra, known & ((ra < -360) | (ra > 720)))
    _refuse_off_the_sky(origin, fields[place[1]].name, dec, known & (np.abs(dec) > 90))
    cells = np.zeros(len(ra), np.int64)
    if known.any():
        cells[known] = healpix_cells(ra[known] % 360.0, dec[known])
    about = Field(
        NAME, "bigint", DIMENSIONLESS, "pos.healpix", "nested HEALPix cell of order 29 (ICRS)"
    )
    return (*marked, about), rows.append_column(NAME, pa.array(cells, mask=~known)), ()


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    values: Any = pc.cast(column, pa.float64(), safe=False).to_numpy()
    return np.asarray(values, np.float64)


def _refuse_off_the_sky(
    origin: str, name: str, values: NDArray[np.float64], bad: NDArray[np.bool_]
) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise UploadRefused(
            f"{origin} holds {values[row]:g} in column {name!r}, in row {row + 1}, which is no"
            " position in degrees.",
            remedy="Mend the value, leave it empty, or name the column otherwise.",
        )
