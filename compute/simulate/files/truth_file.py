"""The truth beside a simulated survey: its stars, its visits and how many of what there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from starledger.compute.simulate.files.fits_bytes import TableFile, write_atomically
from starledger.compute.simulate.observe.batch import Batch
from starledger.compute.simulate.population.stars import Stars

_UNITS = {
    "mjd": "d", "ra": "deg", "dec": "deg", "rv": "km/s", "zero_point": "km/s",
    "earth_velocity": "km/s",
}  # fmt: skip

VISIT_TRUTH = np.dtype(
    [
        ("file", "S64"), ("star", ">i8"), ("sequence", ">i4"), ("visits_of_star", ">i4"),
        ("plate", ">i4"), ("night", ">i4"), ("mjd", ">f8"), ("spectrograph", ">i2"),
        ("fibre", ">i2"), ("ra", ">f8"), ("dec", ">f8"), ("rv", ">f8"), ("zero_point", ">f8"),
        ("earth_velocity", ">f8"), ("lsf_scale", ">f8"), ("error_scale", ">f8"),
        ("signal_to_noise", ">f4"), ("lost_pixels", ">i4"), ("has_file", "u1"),
        ("catalog_rows", "u1"), ("label_rows", "u1"),
    ]
)  # fmt: skip
"""One row per visit: what was true of it, whether its file was written and how often the catalogs
hold it."""


def _plain(table: Table) -> tuple[NDArray[np.void], dict[str, str]]:
    """Return a table as FITS can hold it, and its units."""
    units = {n: str(table[n].unit).replace(" ", "") for n in table.colnames if table[n].unit}
    kinds, columns = [], {}
    for name in table.colnames:
        values = np.asarray(table[name])
        if values.dtype.kind == "U":
            values = values.astype("S")
        elif values.dtype.kind == "b":
            values = values.astype("u1")
        elif values.dtype.itemsize == 1:
            values = values.astype(">i2")
        columns[name] = values
        kinds.append((name, values.dtype.newbyteorder(">")))
    rows = np.zeros(len(table), dtype=kinds)
    for name, values in columns.items():
        rows[name] = values
    return rows, units


def write_stars(path: Path, stars: Stars) -> None:
    """Write the truth about stars as a FITS table."""
    rows, units = _plain(stars.to_table())
    units = {name: unit.replace("dex(cm/s2)", "log(cm.s**-2)") for name, unit in units.items()}
    with TableFile(path, rows.dtype, "STARS", units) as file:
        file.append(rows)


def visit_truth_file(out: Path) -> TableFile:
    """Return the file of the truth about visits of a survey's folder."""
    return TableFile(out / "truth" / "visits.fits", VISIT_TRUTH, "VISITS", _UNITS)


def visit_truth(
    batch: Batch,
    files: list[str],
    has_file: NDArray[np.bool_],
    catalog_rows: NDArray[np.int64],
    label_rows: NDArray[np.int64],
) -> NDArray[np.void]:
    """Return the truth about the visits of a batch.

    Parameters
    ----------
    batch
        The visits.
    files
        Names of their files.
    has_file
        Whether the file was written.
    catalog_rows, label_rows
        How often the catalog of visits, and that of labels, hold each.
    """
    visits, at = batch.visits, batch.circumstances
    rows = np.zeros(len(batch), dtype=VISIT_TRUTH)
    rows["file"] = files
    rows["star"] = batch.stars.number[visits.star]
    rows["visits_of_star"] = visits.of_star
    for name in (
        "sequence", "plate", "night", "mjd", "spectrograph", "fibre", "earth_velocity",
    ):  # fmt: skip
        rows[name] = getattr(visits, name)
    rows["ra"], rows["dec"], rows["rv"] = batch.ra, batch.dec, batch.velocity
    for name in ("zero_point", "lsf_scale", "error_scale"):
        rows[name] = getattr(at, name)
    rows["signal_to_noise"] = next(
        values for band, values in batch.signal_to_noise.items() if band in {"g", "h"}
    )
    rows["lost_pixels"] = batch.exposure.lost.sum(axis=1)
    rows["has_file"], rows["catalog_rows"], rows["label_rows"] = has_file, catalog_rows, label_rows
    return rows


def write_counts(path: Path, counts: Mapping[str, object]) -> None:
    """Write how many of what there are, and how the survey was made, as JSON."""
    write_atomically(path, (json.dumps(counts, indent=2) + "\n").encode())
