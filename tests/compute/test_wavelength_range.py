"""A range of wavelengths has two ends, in order."""

from __future__ import annotations

import pytest

from starledger.compute.wavelength_range import NoRange, wavelength_range


@pytest.mark.parametrize("given", ["", "5150", "5200,5150", "5150,5150", "a,b", "1,2,3", "nan,5"])
def test_a_range_has_two_ends_in_order(given: str) -> None:
    with pytest.raises(NoRange, match="--window"):
        wavelength_range("--window", given)
