"""A label against another opinion of the same stars: one to one, and the differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from starledger.catalog.plots.columns import FloatArray, numbers, rows_of_numbers, title_of
from starledger.catalog.plots.figures import WIDTH, figure_of
from starledger.catalog.plots.running import running, spread_of

if TYPE_CHECKING:
    from astropy.table import Table
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OTHER = "other_"
"""Before the name of a label stands this for the other opinion of it."""


def one_to_one(pairs: Table, label: str, others: str = "other") -> Figure:
    """Draw a label over what others say of the same stars, and their differences below.

    Parameters
    ----------
    pairs
        With the label, and ``other_`` before its name; ``err_`` and ``err_other_`` where known.
    label
        The label.
    others
        Who the others are.

    Raises
    ------
    NothingToDraw
        The table has no such columns, or no star has both.
    """
    ours, theirs = rows_of_numbers(pairs, (label, OTHER + label)).T
    off = ours - theirs
    said = title_of(pairs, label)
    with figure_of(WIDTH, 1.35 * WIDTH) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
        _cloud(above, theirs, ours)
        ends = np.quantile(np.concatenate([ours, theirs]), [0.002, 0.998])
        above.plot(ends, ends, color="C1")
        above.set_ylabel(said)
        above.set_title(_words(off, _pulls(pairs, label)))
        _cloud(below, theirs, off)
        _middle(below, theirs, off)
        below.set_ylabel("difference")
        below.set_xlabel(f"{said}, {others}")
    return figure


def residuals(
    pairs: Table, label: str, along: Sequence[str] = ("teff", "logg", "fe_h", "snr")
) -> Figure:
    """Draw the differences of a label from what others say, along other columns.

    Parameters
    ----------
    pairs
        As for `one_to_one`, with the columns of ``along``.
    label
        The label.
    along
        A panel each.

    Raises
    ------
    NothingToDraw
        The table has no such columns, or no star has all.
    """
    with figure_of(2 * WIDTH, 0.75 * WIDTH * -(-len(along) // 2)) as figure:
        panels = figure.subplots(-(-len(along) // 2), 2, sharey=True, squeeze=False).ravel()
        for panel, name in zip(panels, along, strict=False):
            ours, theirs, at = rows_of_numbers(pairs, (label, OTHER + label, name)).T
            _cloud(panel, at, ours - theirs)
            _middle(panel, at, ours - theirs)
            panel.set_xlabel(title_of(pairs, name))
        for panel in panels[len(along) :]:
            panel.set_visible(False)
        figure.supylabel(f"Δ {title_of(pairs, label)}", fontsize="medium")
    return figure


def _pulls(pairs: Table, label: str) -> FloatArray | None:
    """Return differences over their errors, where there are errors of either side."""
    known = [name for name in (f"err_{label}", f"err_{OTHER}{label}") if name in pairs.colnames]
    if not known:
        return None
    squares = np.sum([np.nan_to_num(numbers(pairs, name)) ** 2 for name in known], axis=0)
    off = numbers(pairs, label) - numbers(pairs, OTHER + label)
    usable = np.isfinite(off) & (squares > 0)
    return np.asarray(off[usable] / np.sqrt(squares[usable]))


def _words(off: FloatArray, pulls: FloatArray | None) -> str:
    said = f"{len(off):,} stars, offset {np.median(off):.2g}, scatter {spread_of(off):.2g}"
    if pulls is None or not len(pulls):
        return said
    return f"{said},\n{spread_of(pulls):.2f} of the errors"


def _cloud(axes: Axes, x: FloatArray, y: FloatArray) -> None:
    axes.plot(x, y, ".", markersize=2, alpha=0.35, color="C0", rasterized=len(x) > 1000)
    # Far outliers must not press the rest together.
    for low, high, limit in (
        (*np.quantile(x, [0.002, 0.998]), axes.set_xlim),
        (*np.quantile(y, [0.005, 0.995]), axes.set_ylim),
    ):
        margin = 0.08 * (high - low)
        if margin > 0:
            limit(low - margin, high + margin)


def _middle(axes: Axes, along: FloatArray, values: FloatArray) -> None:
    found = running(along, values)
    axes.axhline(0.0, color="0.4", linewidth=0.7)
    axes.plot(found.at, found.middle, color="C1")
    axes.fill_between(
        found.at, found.middle - found.spread, found.middle + found.spread, color="C1", alpha=0.2
    )
