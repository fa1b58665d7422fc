"""Names that LAMOST makes of a visit's night, plan, spectrograph and fibre."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def fiber_name(spectrograph: pa.Array, fiber: pa.Array) -> pa.Array:
    """Return spectrograph and fibre as they stand in the names of files.

    Examples
    --------
    >>> fiber_name(pa.array([1, 16]), pa.array([7, None])).to_pylist()
    ['01-007', None]
    """
    return pc.binary_join_element_wise(_padded(spectrograph, 2), _padded(fiber, 3), "-")


def low_resolution_file(
    night: pa.Array, plan: pa.Array, spectrograph: pa.Array, fiber: pa.Array
) -> pa.Array:
    """Return the names of the files that hold some visits at low resolution.

    Parameters
    ----------
    night
        Local modified Julian day, whole.
    plan
        Plan's name.
    spectrograph, fiber
        Their numbers, whole.

    Examples
    --------
    >>> one = (pa.array(one) for one in ([55862], ["B6212"], [6], [3]))
    >>> low_resolution_file(*one).to_pylist()
    ['spec-55862-B6212_sp06-003.fits']
    """
    return _file("spec", night, plan, spectrograph, fiber)


def medium_resolution_file(
    night: pa.Array, plan: pa.Array, spectrograph: pa.Array, fiber: pa.Array
) -> pa.Array:
    """Return the names of the files that hold some visits at medium resolution."""
    return _file("med", night, plan, spectrograph, fiber)


def _file(
    prefix: str, night: pa.Array, plan: pa.Array, spectrograph: pa.Array, fiber: pa.Array
) -> pa.Array:
    begin = pc.binary_join_element_wise(prefix, night.cast(pa.string()), plan, "-")
    end = pc.binary_join_element_wise("_sp", fiber_name(spectrograph, fiber), ".fits", "")
    return pc.binary_join_element_wise(begin, end, "")


def _padded(numbers: pa.Array, width: int) -> pa.Array:
    return pc.utf8_lpad(numbers.cast(pa.string()), width, "0")
