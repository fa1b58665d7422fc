"""Pictures of simulated beside observed spectra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from starledger.compute.synthesis.comparison import Comparison

_OBSERVED, _SIMULATED = "#444444", "#d1495b"
_FEATURES = (
    (3934.8, "K"),
    (3969.6, "H"),
    (4102.9, "Hδ"),
    (4227.9, "Ca I"),
    (4305.0, "CH"),
    (4341.7, "Hγ"),
    (4862.7, "Hβ"),
    (5176.0, "Mg b"),
    (5271.0, "Fe"),
)


def draw_beside(
    stars: Sequence[tuple[str, Tensor, Comparison]],
    target: Path,
    between: tuple[float, float] = (3900.0, 5700.0),
) -> None:
    """Draw simulated over observed spectra, one panel a star, and write the picture.

    Parameters
    ----------
    stars
        For every star what to write over its panel, its wavelengths in Å and the comparison.
    target
        File to write; its ending says the format.
    between
        Range of wavelengths in Å.
    """
    # Drawing is for the documentation; nothing else needs this package.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.1 * len(stars) + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(stars), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (title, wavelength, result) in zip(panels, stars, strict=True):
        panel.plot(wavelength, result.observed, color=_OBSERVED, lw=0.8, label="observed")
        panel.plot(wavelength, result.simulated, color=_SIMULATED, lw=0.8, label="simulated")
        note = f"r = {result.correlation:.2f} (ceiling {result.ceiling:.2f})"
        panel.set_title(f"{title}   {note}", fontsize=9, loc="left")
        panel.set(xlim=between, ylim=(0.2, 1.6), ylabel="flux / 50 Å mean")
        panel.grid(alpha=0.2)
    for at, name in _FEATURES:
        panels[0].annotate(name, (at, 1.45), ha="center", fontsize=8)
    panels[0].legend(loc="lower right", ncols=2, fontsize=8, frameon=False)
    panels[-1].set_xlabel("wavelength in vacuum, rest frame of the observer (Å)")
    figure.savefig(target, dpi=80)
