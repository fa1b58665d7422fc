"""What a release says of simulated stars beside the truth: label by label, visits and stars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from starledger.catalog.calibrate.error_scale import ONE_SIGMA
from starledger.catalog.plots.columns import numbers
from starledger.catalog.plots.comparing import OTHER
from starledger.catalog.query.asking import Asker
from starledger.catalog.query.limits import Limits

if TYPE_CHECKING:
    from astropy.table import Table

Floats = NDArray[np.float64]

MIN_SNR = 50.0
RANGE = (4500.0, 6500.0)
"""Visits and stars that are compared: least S/N, and range of true Teff in K."""
_MOST = 2_000_000


@dataclass(frozen=True, slots=True)
class Recovered:
    """How well a label was recovered; differences are found less true.

    Parameters
    ----------
    label
        Its name.
    count
        How many visits or stars have it.
    bias, scatter
        Median difference, and what 68.27 % of the others are within, in the label's unit.
    error
        Median of the stated errors.
    pull
        Within how many stated errors 68.27 % of the differences are: 1 where errors are right.
    unflagged
        How many of them have no flag of the label; None for stars.
    bound
        Median Cramér–Rao bound; None where there is none, as for stars.
    bias_in_bounds, times_bound
        As `bias` and `pull`, with the bounds in place of the errors.
    """

    label: str
    count: int
    bias: float
    scatter: float
    error: float
    pull: float
    unflagged: int | None = None
    bound: float | None = None
    bias_in_bounds: float | None = None
    times_bound: float | None = None


def true_labels(survey: Path) -> Table:
    """Return the truth of the single stars of a simulated survey.

    Parameters
    ----------
    survey
        The folder of its files.
    """
    from astropy.io import fits
    from astropy.table import Table

    with fits.open(survey / "truth" / "stars.fits") as file:
        truth = Table(np.array(file[1].data))
    names = [name for name in truth.colnames if truth[name].dtype.kind in "fi"]
    return truth[truth["companion_exists"] == 0][names]


def visits_beside_truth(asker: Asker, truth: Table, model: str, labels: Sequence[str]) -> Table:
    """Return raw labels of visits, with their errors and bounds, beside true ones.

    All are compared. Whether a label has a flag, as one that ran into the end of its range or is
    nearly free, hangs on what was found: leaving those out would leave a choice that is biased.

    Parameters
    ----------
    asker
        Whom to ask.
    truth
        See `true_labels`.
    model
        Whose fits.
    labels
        Which labels.
    """
    said = [
        f"f.raw_{one} AS {one}, f.raw_err_{one} AS err_{one}, f.crlb_{one},"
        f" f.bits_{one}, t.{one} AS {OTHER}{one}"
        for one in labels
    ]
    return _asked(
        asker,
        f"SELECT v.snr, {', '.join(said)} FROM fit AS f"  # noqa: S608 - ADQL is checked
        " JOIN visit AS v ON v.spectrum_id = f.spectrum_id JOIN star AS s ON s.star_id = f.star_id"
        " JOIN truth AS t ON t.gaia_dr3_source_id = s.gaia_dr3_source_id"
        f" WHERE f.model = '{model}' AND f.outcome <> 'failed' AND v.snr > {MIN_SNR}"
        f" AND t.teff BETWEEN {RANGE[0]} AND {RANGE[1]}",
        truth,
    )


def stars_beside_truth(asker: Asker, truth: Table, labels: Sequence[str]) -> Table:
    """Return recommended labels of stars without a bad flag, with their errors, beside true ones.

    Parameters
    ----------
    asker, truth, labels
        As for `visits_beside_truth`.
    """
    said = [f"s.{one}, s.err_{one}, t.{one} AS {OTHER}{one}" for one in labels]
    return _asked(
        asker,
        f"SELECT s.snr, {', '.join(said)} FROM star AS s"  # noqa: S608 - ADQL is checked
        " JOIN truth AS t ON t.gaia_dr3_source_id = s.gaia_dr3_source_id"
        " WHERE s.flag_bad = 'false'"
        f" AND t.teff BETWEEN {RANGE[0]} AND {RANGE[1]}",
        truth,
    )


def _asked(asker: Asker, text: str, truth: Table) -> Table:
    uploads = {"truth": truth}
    question = asker.question(text, release=None, uploads=uploads, limits=Limits(rows=_MOST))
    return asker.answer(question).table()


def recovered(table: Table, labels: Sequence[str]) -> list[Recovered]:
    """Return how well labels were recovered; those without a value are left out.

    Parameters
    ----------
    table
        See `visits_beside_truth` and `stars_beside_truth`.
    labels
        Which labels.

    Examples
    --------
    >>> from astropy.table import Table
    >>> stars = Table({"teff": [5010.0, 4990.0], "other_teff": [5000.0, 5000.0]})
    >>> stars["err_teff"] = 10.0
    >>> (one,) = recovered(stars, ["teff"])
    >>> one.count, one.bias, one.pull
    (2, 0.0, 1.0)
    """
    found = []
    for label in labels:
        off = numbers(table, label) - numbers(table, OTHER + label)
        error = numbers(table, f"err_{label}")
        known = np.isfinite(off) & (error > 0)
        if not known.any():
            continue
        off, error = off[known], error[known]
        bias = float(np.median(off))
        plain = (label, len(off), bias, _width(off - bias), float(np.median(error)))
        if f"crlb_{label}" not in table.colnames:
            found.append(Recovered(*plain, _width(off / error)))
            continue
        bound = numbers(table, f"crlb_{label}")[known]
        flags = numbers(table, f"bits_{label}")[known]
        found.append(
            Recovered(
                *plain,
                _width(off / error),
                unflagged=int((flags == 0).sum()),
                bound=float(np.median(bound)),
                bias_in_bounds=float(np.median(off / bound)),
                times_bound=_width(off / bound),
            )
        )
    return found


def _width(values: Floats) -> float:
    return float(np.quantile(np.abs(values), ONE_SIGMA))
