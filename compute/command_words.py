"""What commands of models are told in words: devices, lists of labels, windows of wavelengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starledger.schema.errors import StarledgerError

if TYPE_CHECKING:
    import torch


def device_named(named: str | None) -> torch.device:
    """Return the device of a name, such as cpu or cuda:1; a GPU where there is one by default.

    Raises
    ------
    StarledgerError
        It cannot be used.
    """
    # torch takes a second to import, which `--help` need not wait for.
    import torch

    try:
        device = torch.device(named or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise StarledgerError(
            f"The device {named!r} cannot be used: {str(error).splitlines()[0]}.",
            remedy="Leave out --device, or write --device cpu.",
        ) from None
    return device


def names_listed(labels: str) -> tuple[str, ...]:
    """Return the names in a list.

    Examples
    --------
    >>> names_listed("teff, logg")
    ('teff', 'logg')
    """
    return tuple(named.strip() for named in labels.split(","))


def window_named(given: str | None) -> tuple[float, float] | None:
    """Return a first and last wavelength in Å.

    Raises
    ------
    StarledgerError
        They are no two numbers.

    Examples
    --------
    >>> window_named("5000,5400")
    (5000.0, 5400.0)
    """
    if given is None:
        return None
    try:
        low, high = (float(end) for end in given.split(","))
    except ValueError:
        raise StarledgerError(
            f"--window {given!r} is no pair of wavelengths.", remedy="Write --window 5000,5400."
        ) from None
    return low, high
