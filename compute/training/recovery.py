"""How well the labels of stars that did not teach are inferred from their spectra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.models.cannon.cross_validation import CrossValidation
from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.label_step import LabelStep
from starledger.compute.models.cannon.training import TrainingSet
from starledger.schema.labels import label

_AT_ONCE = 4096
"""Spectra whose labels are inferred together."""


@dataclass(frozen=True, slots=True)
class LabelRecovery:
    """How far the inferred values of a label are from the given ones.

    Parameters
    ----------
    bias
        Median of inferred less given values.
    scatter
        1.4826 times the median absolute deviation from the bias.
    unit
        Of both.
    """

    bias: float
    scatter: float
    unit: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """What stars that did not teach tell of a Cannon.

    Parameters
    ----------
    spectra, failed
        How many were held out, and of how many of them no labels could be inferred.
    labels
        Of each label, how far it is off; empty where no star was held out.
    """

    spectra: int
    failed: int
    labels: Mapping[str, LabelRecovery]


def recovery(cannon: Cannon, stars: TrainingSet) -> Recovery:
    """Infer the labels of stars and compare them with those that are given.

    Parameters
    ----------
    cannon
        What is tested.
    stars
        Stars that did not teach it, on its device.
    """
    if not len(stars):
        return Recovery(0, 0, {})
    found = torch.cat(_inferred(cannon, stars))
    compared = CrossValidation(stars.labels, found, torch.zeros(len(found)))
    off = zip(compared.bias().tolist(), compared.scatter().tolist(), strict=True)
    return Recovery(
        len(found),
        int(found.isnan().any(dim=1).sum()),
        {
            name: LabelRecovery(bias, scatter, label(name).unit)
            for name, (bias, scatter) in zip(stars.names, off, strict=True)
        },
    )


def _inferred(cannon: Cannon, stars: TrainingSet) -> list[Tensor]:
    infer = LabelStep(cannon)
    places = torch.arange(len(stars), device=stars.labels.device)
    return [infer(stars.part(some).spectra).labels for some in torch.split(places, _AT_ONCE)]
