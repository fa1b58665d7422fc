"""The pixels on which a model of an instrument's spectra is trained, where nobody names others."""

from __future__ import annotations

from collections import Counter
from typing import cast

import numpy as np
from sqlalchemy import Connection, select

from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.training.abinitio import SPECTROGRAPHS
from starledger.compute.training.overlap import Floats, Overlap
from starledger.compute.training.windows import BadWindow
from starledger.ingest.pixels.spectrum import Grid, GridKind
from starledger.schema.tables import Shard


def survey_grid(connection: Connection, found: Overlap) -> Floats:
    """Return the wavelengths in Å, vacuum, of the pixels for the spectra of an overlap.

    They are those that we know of the instrument, or else those that most of the spectra have.

    Raises
    ------
    BadWindow
        No grid is known, and the spectra list their wavelengths one by one.
    """
    if found.instrument in SPECTROGRAPHS:
        return SPECTROGRAPHS[found.instrument].wavelength
    numbers, counts = np.unique(found.shard_ids, return_counts=True)
    how_many = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    query = select(Shard).where(Shard.shard_id.in_(numbers.tolist()))
    grids: Counter[tuple[str, str, float, float, int]] = Counter()
    for row in connection.execute(query.with_only_columns(*Shard.__table__.c)):
        if row.grid_step is not None:
            key = (row.grid_kind, row.wavelength_medium, row.grid_start, row.grid_step,
                   row.n_pixels)  # fmt: skip
            grids[key] += how_many[row.shard_id]
    if not grids:
        raise BadWindow(
            f"No grid of pixels is known for {found.instrument}, and its spectra have none.",
            remedy="Train on spectra whose wavelengths are evenly spaced.",
        )
    kind, medium, start, step, n_pixels = grids.most_common(1)[0][0]
    grid = Grid(cast("GridKind", kind), medium, start, step)  # type: ignore[arg-type]
    return PixelGrid.of_survey(grid, n_pixels).wavelength
