"""A visit's spectrum with the model that was fitted to it, and the residuals below."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from starledger.catalog.plots.columns import worded
from starledger.catalog.plots.figures import WIDTH, figure_of
from starledger.compute.plots import NothingToDraw
from starledger.schema.labels import LABELS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from starledger.catalog.star_spectra.spectra import StarSpectra, VisitSpectrum

Pixels = NDArray[Any]

SPREAD = 3.0
"""Standard errors at which lines are drawn across the residuals."""
_FEWEST = 2
"""Pixels that make a line."""
_HEIGHT = 1.15 * WIDTH
_COLUMNS = 5
"""Columns of labels that find room side by side."""
_FONT = 6.5


def spectrum(spectra: StarSpectra, window: tuple[float, float] | None = None) -> Figure:
    """Draw a visit's flux with the model that was fitted to it, and the residuals below.

    Pixels that did not count in the fit are shaded. Labels, velocity and χ² stand in a corner as
    the fit gave them, before calibration: it is they that make the model's spectrum.

    Parameters
    ----------
    spectra
        As `starledger.catalog.star_spectra.spectra.spectra_of_visit` gives them; of several
        visits the first is drawn.
    window
        First and last wavelength in vacuum in Å; without, all pixels of the model.

    Raises
    ------
    NothingToDraw
        Hardly any pixels lie in between, or none of them counts.
    """
    visit = spectra.visits[0]
    seen = _seen(spectra, window)
    with figure_of(2 * WIDTH, _HEIGHT) as figure:
        panels = 1 if visit.fitted.model is None else 2
        above, *below = figure.subplots(
            panels, 1, sharex=True, squeeze=False, height_ratios=[3, 1][:panels]
        ).ravel()
        at = spectra.wavelength[seen]
        _flux(above, at, visit, seen, spectra.model.name)
        said = list(_words(spectra.model.labels, visit))
        _corner(above, said)
        above.set_title(_title(visit))
        above.set_ylabel("normalised flux")
        for panel in below:
            _residuals(panel, at, visit, seen)
        for panel in (above, *below):
            _shade(panel, at, visit.fitted.used[seen])
        above.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2)
        (above, *below)[-1].set(xlim=(at[0], at[-1]), xlabel="wavelength in vacuum (Å)")
    return figure


def _seen(spectra: StarSpectra, window: tuple[float, float] | None) -> slice:
    """Return which pixels are drawn."""
    at, used = spectra.wavelength, spectra.visits[0].fitted.used
    low, high = window or (at[0], at[-1])
    seen = slice(*np.searchsorted(at, [low, np.nextafter(high, np.inf)]).tolist())
    if len(at[seen]) < _FEWEST:
        raise NothingToDraw(
            f"{spectra.model.name} has {len(at[seen])} pixels from {low:g} to {high:g} Å.",
            remedy=f"Draw something between {at[0]:.0f} and {at[-1]:.0f} Å.",
        )
    if not used[seen].any():
        raise NothingToDraw(
            f"None of the visit's pixels from {low:g} to {high:g} Å counted in the fit.",
            remedy="Choose another window.",
        )
    return seen


def _flux(axes: Axes, at: Pixels, visit: VisitSpectrum, seen: slice, model: str) -> None:
    fitted = visit.fitted
    flux, used = fitted.flux[seen], fitted.used[seen]
    with np.errstate(divide="ignore"):
        error = np.where(used, 1 / np.sqrt(fitted.ivar[seen]), np.nan)
    axes.fill_between(at, flux - error, flux + error, step="mid", color="0.85", linewidth=0)
    axes.step(at, flux, where="mid", color="0.35", linewidth=0.6, label="observed")
    shown = flux[used]
    if fitted.model is not None:
        axes.plot(at, fitted.model[seen], color="C1", linewidth=0.8, label=model)
        shown = np.concatenate([shown, fitted.model[seen]])
    # What was masked may be anything, and must not press the rest together.
    low, high = shown.min(), shown.max()
    margin = 0.05 * max(high - low, 0.01)
    axes.set_ylim(low - margin, high + margin)


def _residuals(axes: Axes, at: Pixels, visit: VisitSpectrum, seen: slice) -> None:
    deviation = visit.fitted.deviation
    if deviation is None:
        return
    drawn = np.where(visit.fitted.used[seen], deviation[seen], np.nan)
    axes.step(at, drawn, where="mid", color="0.35", linewidth=0.6)
    axes.axhline(0.0, color="C1")
    for level in (-SPREAD, SPREAD):
        axes.axhline(level, color="0.6", linewidth=0.6, linestyle="--")
    reach = 1.1 * max(1.4 * SPREAD, float(np.nanquantile(np.abs(drawn), 0.999)))
    axes.set(ylim=(-reach, reach), ylabel=r"residual ($\sigma$)")


def _shade(axes: Axes, at: Pixels, used: NDArray[np.bool_]) -> None:
    """Shade pixels that did not count, from edge to edge."""
    middles = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([at[:1], middles, at[-1:]])
    turns = np.flatnonzero(np.diff(np.concatenate([[True], used, [True]]).astype(np.int8)))
    for n, (first, last) in enumerate(turns.reshape(-1, 2)):
        axes.axvspan(
            edges[first], edges[last], color="C2", alpha=0.25, linewidth=0, zorder=0.5,
            label="did not count" if n == 0 else None,
        )  # fmt: skip


def _corner(axes: Axes, said: Sequence[str]) -> None:
    """Write lines in columns into the lower left corner, and make room for them there."""
    from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea

    rows = max(-(-len(said) // _COLUMNS), min(len(said), 3))
    columns = [said[first : first + rows] for first in range(0, len(said), rows)]
    look = {"fontsize": _FONT}
    areas: list[Artist] = [TextArea("\n".join(column), textprops=look) for column in columns]
    box = AnchoredOffsetbox(
        "lower left", child=HPacker(children=areas, sep=12, align="top"), borderpad=0.3
    )
    box.patch.set(edgecolor="none", alpha=0.8)
    axes.add_artist(box)
    part = (1.5 * _FONT * rows + 12) / 72 / (0.6 * _HEIGHT)
    low, high = axes.get_ylim()
    axes.set_ylim(low - part / (1 - part) * (high - low), high)


def _words(labels: Sequence[str], visit: VisitSpectrum) -> Iterator[str]:
    """Yield what the fit found, or why it found nothing."""
    about = visit.about
    if visit.fitted.model is None:
        yield visit.fitted.why_none or ""
        return
    errors = about["errors"] or [None] * len(labels)
    for name, value, error in zip(labels, about["labels"], errors, strict=True):
        yield _quantity(LABELS[name].latex, value, error, LABELS[name].unit)
    if about["rv"] is not None:
        yield _quantity("RV", about["rv"], about["err_rv"], "km/s")
    yield rf"$\chi^2$ = {about['chi2']:.5g}, {about['n_pixels']:,} pixels"


def _quantity(sign: str, value: float, error: float | None, unit: str) -> str:
    """Return a value with its error, to two digits of that.

    Examples
    --------
    >>> _quantity("RV", -12.3456, 0.1234, "km/s"), _quantity("S", 5772.4, 31.0, "K")
    ('RV = −12.35 ± 0.12 km s⁻¹', 'S = 5772 ± 31 K')
    >>> _quantity("S", 0.1, None, "dex")
    'S = 0.1 dex'
    >>> _quantity("log g", 2.5791, 0.014, "dex(cm/s**2)")
    'log g = 2.579 ± 0.014 dex(cm s⁻²)'
    """
    said = worded("", unit).removeprefix(" (").removesuffix(")")
    if error is None or not error > 0:
        number = f"{value:.4g}"
    else:
        digits = max(0, 1 - math.floor(math.log10(error)))
        number = f"{value:.{digits}f} ± {error:.{digits}f}"
    return f"{sign} = {number.replace('-', '−')} {said}".rstrip()


def _title(visit: VisitSpectrum) -> str:
    name = str(visit.about["external_id"]).replace("$", r"\$")
    snr = visit.about["snr"]
    return name if snr is None else f"{name}, S/N {snr:.0f}"
