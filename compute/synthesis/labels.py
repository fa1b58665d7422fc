"""The labels that a synthetic spectrum takes, their order, defaults and ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from starledger.compute.synthesis.elements import elements
from starledger.schema.errors import StarledgerError

ABUNDANCE_LABELS = tuple(
    f"{element.symbol.lower()}_fe"
    for element in elements()
    if element.symbol not in {"H", "He", "Fe"}
)
SYNTHESIS_LABELS = ("teff", "logg", "vmic", "vmac", "vsini", "fe_h", *ABUNDANCE_LABELS)

RANGES: dict[str, tuple[float, float]] = {
    "teff": (3500.0, 8000.0),
    "logg": (0.0, 5.0),
    "vmic": (0.1, 5.0),
    "vmac": (0.0, 50.0),
    "vsini": (0.0, 300.0),
    "fe_h": (-2.5, 0.5),
}
"""Where the synthesis is meant to be used (K, dex, km/s, dex); it does not refuse outside."""

_DEFAULTS = {"teff": 5777.0, "logg": 4.44, "vmic": 1.0}


class UnknownLabel(StarledgerError):
    """A label that the synthesis does not take."""


def label_index(name: str) -> int:
    """Return the place of a label in `SYNTHESIS_LABELS`."""
    if name not in SYNTHESIS_LABELS:
        raise UnknownLabel(
            f"The synthesis has no label {name!r}.",
            remedy=f"It takes {', '.join(SYNTHESIS_LABELS)}.",
        )
    return SYNTHESIS_LABELS.index(name)


def label_tensor(
    labels: Mapping[str, float | Sequence[float]], dtype: torch.dtype = torch.float64
) -> Tensor:
    """Make the label tensor of one or many stars from named values.

    Parameters
    ----------
    labels
        Values by label, one or one per star. Units: K, dex, km/s. What is left out is solar
        (teff 5777, logg 4.44, vmic 1, no vmac or vsini, solar abundances).
    dtype
        Type of the answer.

    Returns
    -------
    Tensor
        Stars × `SYNTHESIS_LABELS`.

    Examples
    --------
    >>> stars = label_tensor({"teff": [5000.0, 6000.0], "fe_h": -1.0})
    >>> stars.shape[0], stars[:, label_index("fe_h")].tolist()
    (2, [-1.0, -1.0])
    """
    columns = {
        name: torch.as_tensor(values, dtype=dtype).reshape(-1) for name, values in labels.items()
    }
    stars = max((len(column) for column in columns.values()), default=1)
    defaults = [_DEFAULTS.get(name, 0.0) for name in SYNTHESIS_LABELS]
    tensor = torch.tensor(defaults, dtype=dtype).repeat(stars, 1)
    for name, column in columns.items():
        tensor[:, label_index(name)] = column
    return tensor


def abundances(labels: Tensor) -> Tensor:
    """Return N(X)/N(H) of every element, stars × elements.

    Examples
    --------
    >>> from starledger.compute.synthesis.elements import element_index
    >>> ratio = abundances(label_tensor({"fe_h": -1.0, "mg_fe": 0.4}))[0]
    >>> round(float(ratio[element_index("Mg")].log10()) + 12, 2)
    7.0
    """
    solar = labels.new_tensor([element.solar - 12.0 for element in elements()])
    fe_h = labels[:, label_index("fe_h")]
    nothing = torch.zeros_like(fe_h)
    excess = []
    for element in elements():
        if element.symbol in {"H", "He"}:
            excess.append(nothing)
        elif element.symbol == "Fe":
            excess.append(fe_h)
        else:
            excess.append(fe_h + labels[:, label_index(f"{element.symbol.lower()}_fe")])
    return torch.pow(10.0, solar + torch.stack(excess, dim=-1))
