from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.spectra.wavelengths import air_to_vacuum, vacuum_to_air

# Air and vacuum wavelengths of the NIST Atomic Spectra Database: Ca II K, Hβ, Na D2, Hα, Ca II.
AIR = [3933.663, 4861.35, 5889.951, 6562.79, 8542.09]
VACUUM = [3934.777, 4862.708, 5891.583, 6564.603, 8544.44]


@pytest.mark.parametrize(("air", "vacuum"), list(zip(AIR, VACUUM, strict=True)))
def test_agrees_with_tables(air: float, vacuum: float) -> None:
    assert float(air_to_vacuum(air)) == pytest.approx(vacuum, abs=0.01)


def test_there_and_back_again() -> None:
    vacuum = np.linspace(3000.0, 17500.0, 1001)
    np.testing.assert_allclose(air_to_vacuum(vacuum_to_air(vacuum)), vacuum, rtol=0, atol=1e-9)


def test_air_is_shorter_by_the_right_velocity() -> None:
    shift = (air_to_vacuum(5000.0) / 5000.0 - 1) * 299792.458
    assert float(shift) == pytest.approx(83.6, abs=0.1)
