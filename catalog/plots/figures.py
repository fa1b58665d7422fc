"""Figures in the style of Starledger, to be looked at in a notebook or written to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starledger.compute.plots import in_our_style
from starledger.schema.errors import StarledgerError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 3.5
"""Inches: the width of a column of a paper; two columns are twice as wide."""


@contextmanager
def figure_of(width: float = WIDTH, height: float = WIDTH) -> Iterator[Figure]:
    """Give a new figure while our style holds.

    Parameters
    ----------
    width, height
        In inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with in_our_style():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        yield figure


def save(figure: Figure, target: Path) -> None:
    """Write a figure to a file whose ending says the format; the same figure gives the same bytes.

    Raises
    ------
    StarledgerError
        There is no such format, or the file cannot be written.
    """
    # The time of writing is left out.
    dateless = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with in_our_style():
        try:
            figure.savefig(target, metadata=dateless.get(target.suffix))
        except (OSError, ValueError) as error:
            raise StarledgerError(
                f"The picture {target} cannot be written: {error}.",
                remedy="Name a file .png, .pdf or .svg in a folder that may be written in.",
            ) from None
