"""The Kiel diagram: surface gravity over effective temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from starledger.catalog.plots.columns import rows_of_numbers, title_of
from starledger.catalog.plots.figures import figure_of

if TYPE_CHECKING:
    from astropy.table import Table
    from matplotlib.figure import Figure

_POINTS = 5000
"""Up to so many stars each is a point; beyond, cells of the plane show their median."""
_CELLS = 90


def kiel(stars: Table, colour: str = "fe_h") -> Figure:
    """Draw stars by gravity and temperature, coloured by another column.

    Parameters
    ----------
    stars
        With the columns ``teff``, ``logg`` and the one for the colour.
    colour
        The column that gives the colour.

    Raises
    ------
    NothingToDraw
        The table has no such columns, or no star with a value in each.
    """
    from matplotlib.colors import Normalize

    teff, logg, value = rows_of_numbers(stars, ("teff", "logg", colour)).T
    scale = Normalize(*np.quantile(value, [0.02, 0.98]))
    with figure_of(3.9, 3.5) as figure:
        axes = figure.subplots()
        if len(teff) <= _POINTS:
            # Rare values last, so that they are seen.
            order = np.argsort(-np.abs(value - np.median(value)))[::-1]
            drawn = axes.scatter(
                teff[order], logg[order], c=value[order], s=max(2.0, 900 / len(teff)),
                linewidths=0, norm=scale, cmap="viridis",
            )  # fmt: skip
            figure.colorbar(drawn, label=title_of(stars, colour))
        else:
            cells = axes.hexbin(
                teff, logg, C=value, reduce_C_function=np.median, gridsize=_CELLS, linewidths=0,
                norm=scale, cmap="viridis",
            )  # fmt: skip
            figure.colorbar(cells, label=f"median {title_of(stars, colour)}")
        axes.invert_xaxis()
        axes.invert_yaxis()
        axes.set(xlabel=title_of(stars, "teff"), ylabel=title_of(stars, "logg"))
        axes.set_title(f"{len(teff):,} stars")
    return figure


def plane(stars: Table, over: str, up: str) -> Figure:
    """Draw two columns of stars against each other, as [Mg/Fe] over [Fe/H].

    Parameters
    ----------
    stars
        With both columns.
    over, up
        The columns of the two axes.

    Raises
    ------
    NothingToDraw
        The table has no such columns, or no star with a value in each.
    """
    x, y = rows_of_numbers(stars, (over, up)).T
    with figure_of() as figure:
        axes = figure.subplots()
        if len(x) <= _POINTS:
            axes.plot(x, y, ".", markersize=2, alpha=0.5)
        else:
            axes.hexbin(x, y, gridsize=_CELLS, linewidths=0, bins="log", mincnt=1, cmap="viridis")
        axes.set(xlabel=title_of(stars, over), ylabel=title_of(stars, up))
        axes.set_title(f"{len(x):,} stars")
    return figure
