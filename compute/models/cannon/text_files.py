"""Import of a trained Cannon from the text files of the `apogee` package (Bovy)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.terms import Terms
from starledger.schema.errors import StarledgerError


class UnreadableCannon(StarledgerError):
    """The files of a trained Cannon do not fit together or hold what cannot be."""


def read_text_cannon(
    coefficients: Path, training: Path, labels: tuple[str, ...], wavelength: Tensor
) -> Cannon:
    """Read a trained quadratic Cannon.

    Beside the file of coefficients stand, by name, ``…_scatter.txt`` and
    ``…_baseline_labels.txt``.

    Parameters
    ----------
    coefficients
        Terms × pixels: the constant, the labels, their products of two.
    training
        Table of the training stars, whose last columns are their labels: the range of the model.
    labels
        Their names in our registry, in the files' order.
    wavelength
        Of the pixels in vacuum in Å, which the files do not give.

    Raises
    ------
    UnreadableCannon
        A file is missing, is no table of numbers, or is not as long as the others.
    """
    terms = Terms.up_to(2, len(labels))
    table = _numbers(coefficients)
    scatter = _numbers(_beside(coefficients, "scatter"))
    pivots = _numbers(_beside(coefficients, "baseline_labels"))
    known = _numbers(training, columns=range(-len(labels), 0))
    _check(coefficients, "terms × pixels", table, (len(terms), len(wavelength)))
    _check(_beside(coefficients, "scatter"), "scatters", scatter, (len(wavelength),))
    _check(_beside(coefficients, "baseline_labels"), "labels", pivots, (len(labels),))
    scales = known.std(dim=0)
    # Ours take labels divided by their scale, so that single precision would do.
    powers = (scales ** torch.tensor(terms.exponents)).prod(dim=1)
    return Cannon(
        labels,
        terms,
        wavelength.double(),
        known.amin(dim=0),
        known.amax(dim=0),
        pivots,
        scales,
        table * powers[:, None],
        scatter.abs(),
    )


def _beside(coefficients: Path, what: str) -> Path:
    return coefficients.with_name(f"{coefficients.stem}_{what}.txt")


def _numbers(path: Path, columns: range | None = None) -> Tensor:
    try:
        values = np.loadtxt(path, usecols=columns)
    except (OSError, ValueError) as error:
        raise UnreadableCannon(
            f"{path} is no table of numbers: {error}.", remedy="Get the model's files again."
        ) from error
    if not np.isfinite(values).all():
        raise UnreadableCannon(
            f"{path} holds numbers that are not finite.", remedy="Get the model's files again."
        )
    return torch.from_numpy(values)


def _check(path: Path, what: str, values: Tensor, expected: tuple[int, ...]) -> None:
    if tuple(values.shape) != expected:
        raise UnreadableCannon(
            f"{path} holds {tuple(values.shape)} {what}, not {expected}.",
            remedy="Give the labels and the wavelengths that the model was trained with.",
        )
