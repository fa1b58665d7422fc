"""A range of wavelengths as commands take it."""

from __future__ import annotations

from starledger.schema.errors import StarledgerError


class NoRange(StarledgerError):
    """What was given is no range of wavelengths."""


def wavelength_range(option: str, given: str) -> tuple[float, float]:
    """Return the first and last wavelength in Å of a text such as ``5150,5200``.

    Parameters
    ----------
    option
        The option with which it was given, as ``--window``.
    given
        The text.

    Raises
    ------
    NoRange
        It is something else, or the last is not beyond the first.

    Examples
    --------
    >>> wavelength_range("--window", "5150,5200")
    (5150.0, 5200.0)
    """
    try:
        low, high = (float(one) for one in given.split(","))
    except ValueError:
        low, high = 1.0, 0.0
    if not low < high:
        raise NoRange(
            f"{option} {given!r} is no range of wavelengths.", remedy=f"Write {option} 5150,5200."
        )
    return low, high
