"""Pictures of models and of what they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from starledger.compute.fitters.precision import grid_of_stars
from starledger.compute.models.base import Emulator
from starledger.schema.errors import StarledgerError
from starledger.schema.labels import LABELS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from starledger.compute.fitters.precision import PrecisionTable

_COLUMNS = 4
_FEWEST = 2
"""Pixels that make a line."""


class NothingToDraw(StarledgerError):
    """A picture that would be empty."""


@contextmanager
def in_our_style() -> Iterator[None]:
    """Draw in our style, whatever the user's own is, for as long as the ``with`` statement lasts.

    The same picture gives the same bytes.
    """
    import matplotlib as mpl

    with as_file(files("starledger") / "starledger.mplstyle") as style:
        look = mpl.rc_params_from_file(style, use_default_template=False)
    look["svg.hashsalt"] = "starledger"
    with mpl.rc_context(look):
        yield


@contextmanager
def drawing(target: Path) -> Iterator[Figure]:
    """Give a figure in our style, and write it to a file whose ending says the format.

    Raises
    ------
    StarledgerError
        There is no such format, or the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with in_our_style():
        figure = Figure()
        FigureCanvasAgg(figure)
        yield figure
        try:
            figure.savefig(target)
        except (OSError, ValueError) as error:
            raise StarledgerError(
                f"The picture {target} cannot be written: {error}.",
                remedy="Name a file .png, .pdf or .svg in a folder that may be written in.",
            ) from None


def draw_precision(table: PrecisionTable, target: Path) -> None:
    """Draw how bounds fall with the signal-to-noise ratio, a panel a label, and write the picture.

    Parameters
    ----------
    table
        Bounds on a grid of stars; each is a line.
    target
        File to write; its ending says the format.
    """
    rows = -(-len(table.names) // _COLUMNS)
    with drawing(target) as figure:
        figure.set_size_inches(3.2 * _COLUMNS, 2.6 * rows)
        panels = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False).ravel()
        for panel, name, bounds in zip(panels, table.names, table.bounds.unbind(2), strict=False):
            for star in bounds.tolist():
                panel.loglog(table.snr, star, marker=".", color="C0", alpha=0.5)
            panel.set_title(f"{name} ({_unit(name)})")
        for panel in panels[len(table.names) :]:
            panel.set_visible(False)
        figure.supxlabel("signal-to-noise ratio of a pixel")
        figure.supylabel("Cramér–Rao bound")


def draw_model(
    emulator: Emulator,
    target: Path,
    between: tuple[float, float] | None = None,
    labels: Sequence[str] = (),
) -> None:
    """Draw what a model knows: spectra along Teff, and what each label does to one of them.

    Parameters
    ----------
    emulator
        The model.
    target
        File to write; its ending says the format.
    between
        First and last wavelength in vacuum in Å; without, all pixels.
    labels
        Those whose gradients are drawn; without, all.

    Raises
    ------
    NothingToDraw
        No pixels lie in between, or the model does not give a label.
    """
    names = _given_labels(emulator, labels)
    at = emulator.wavelength.cpu().numpy()
    low, high = between or (at[0], at[-1])
    seen = (at >= low) & (at <= high)
    if seen.sum() < _FEWEST:
        raise NothingToDraw(
            f"The model has {seen.sum()} pixels from {low:g} to {high:g} Å.",
            remedy=f"Draw something between {at[0]:.0f} and {at[-1]:.0f} Å.",
        )
    i = list(emulator.labels).index("teff") if "teff" in emulator.labels else 0
    varied = emulator.labels[i]
    span = (emulator.high - emulator.low).cpu()
    values = [float(emulator.low[i]) + part * float(span[i]) for part in (0.2, 0.5, 0.8)]
    stars = grid_of_stars(emulator, {varied: values})
    with torch.inference_mode():
        flux, gradient = (one.cpu().numpy() for one in emulator.flux_and_gradient(stars.float()))
    with drawing(target) as figure:
        figure.set_size_inches(9.0, 2.4 + 1.1 * len(names))
        heights = [2.4, *[1.1] * len(names)]
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        for value, star in zip(values, flux, strict=True):
            line = np.where(seen, star, np.nan)
            panels[0].plot(at, line, label=f"{varied} = {value:.5g} {_unit(varied)}")
        panels[0].set_ylabel("normalised flux")
        panels[0].legend(loc="lower right", ncols=3)
        for panel, name in zip(panels[1:], names, strict=True):
            k = list(emulator.labels).index(name)
            panel.plot(at, np.where(seen, gradient[1][:, k] * float(span[k]), np.nan), color="C1")
            panel.set_title(f"∂flux/∂{name} × its range of {float(span[k]):.3g} {_unit(name)}")
        panels[-1].set(xlim=(low, high), xlabel="wavelength in vacuum (Å)")


def _given_labels(emulator: Emulator, labels: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in labels if name not in emulator.labels]
    if unknown:
        raise NothingToDraw(
            f"The model does not give {unknown[0]}.",
            remedy=f"It gives {', '.join(emulator.labels)}.",
        )
    return tuple(labels) or emulator.labels


def _unit(name: str) -> str:
    return "km/s" if name == "rv" else LABELS[name].unit
