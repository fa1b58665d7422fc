"""Pictures of models and of what they give."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starledger.schema.labels import LABELS

if TYPE_CHECKING:
    from starledger.compute.fitters.precision import PrecisionTable

_COLUMNS = 4


def draw_precision(table: PrecisionTable, target: Path) -> None:
    """Draw how bounds fall with the signal-to-noise ratio, a panel a label, and write the picture.

    Parameters
    ----------
    table
        Bounds on a grid of stars; each is a line.
    target
        File to write; its ending says the format.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(table.names) // _COLUMNS)
    figure = Figure(figsize=(3.2 * _COLUMNS, 2.6 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False).ravel()
    for panel, name, bounds in zip(panels, table.names, table.bounds.unbind(2), strict=False):
        for star in bounds.tolist():
            panel.loglog(table.snr, star, marker=".", lw=0.8, color="#30638e", alpha=0.5)
        unit = "km/s" if name == "rv" else LABELS[name].unit
        panel.set_title(f"{name} ({unit})", fontsize=9, loc="left")
        panel.grid(alpha=0.2, which="both")
    for panel in panels[len(table.names) :]:
        panel.set_visible(False)
    figure.supxlabel("signal-to-noise ratio of a pixel", fontsize=9)
    figure.supylabel("Cramér–Rao bound", fontsize=9)
    figure.savefig(target, dpi=110)
