"""How precise a label is: its errors, their least, and the scatter of repeats, along S/N."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from starledger.catalog.plots.columns import numbers, rows_of_numbers, title_of
from starledger.catalog.plots.comparing import OTHER
from starledger.catalog.plots.figures import figure_of
from starledger.catalog.plots.running import running
from starledger.compute.plots import NothingToDraw

if TYPE_CHECKING:
    from astropy.table import Table
    from matplotlib.figure import Figure


def precision(visits: Table, label: str) -> Figure:
    """Draw the errors of a label over the signal-to-noise ratio of its visits.

    Parameters
    ----------
    visits
        With ``snr`` and ``err_`` before the label; where there are such columns, Cramér–Rao
        bounds (``crlb_``) are drawn too, and the scatter of repeats: the difference between the
        label and that of another visit of the star (``other_``), as parts of both errors, times
        the visit's own error.
    label
        The label.

    Raises
    ------
    NothingToDraw
        The table has no such columns, or no visit has both.
    """
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    with figure_of() as figure:
        axes = figure.subplots()
        for prefix, word in (("err_", "error"), ("crlb_", "Cramér–Rao bound")):
            if prefix + label not in visits.colnames and prefix == "crlb_":
                continue
            snr, error = rows_of_numbers(visits, ("snr", prefix + label)).T
            found = running(snr, error)
            axes.loglog(found.at, found.middle, marker=".", label=word)
        if OTHER + label in visits.colnames:
            names = ("snr", label, OTHER + label, "err_" + label, f"err_{OTHER}{label}")
            snr, one, other, error, of_other = rows_of_numbers(visits, names).T
            found = running(snr, (one - other) / np.hypot(error, of_other) * error)
            axes.loglog(found.at, found.spread, "s", markersize=3, label="scatter of repeats")
        if not np.isfinite(numbers(visits, "err_" + label)).any():
            raise NothingToDraw(f"No visit has an error of {label}.", remedy="Choose another.")
        axes.set(xlabel="signal-to-noise ratio of a pixel", ylabel=title_of(visits, "err_" + label))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(FormatStrFormatter("%g"))
            axis.set_minor_formatter(NullFormatter())
        axes.legend()
    return figure
