"""Units of flux are those of the surveys' files, spelled as FITS spells them."""

from __future__ import annotations

import pytest
from astropy import units as u

from starledger.catalog.star_spectra.flux_units import ABSOLUTE, flux_unit, ivar_unit
from starledger.schema.units import DIMENSIONLESS


def test_readers_of_fits_know_the_units() -> None:
    flux, ivar = (u.Unit(one, format="fits") for one in (ABSOLUTE, ivar_unit(ABSOLUTE)))
    assert flux == u.Unit("1e-17 erg / (Angstrom s cm2)")
    assert (flux**2 * ivar).to(u.dimensionless_unscaled) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("instrument", "name", "unit"),
    [
        ("apogee", "apVisit-dr17-5094-55874-088.fits", ABSOLUTE),
        ("apogee", "asStar-dr17-2M00000032-5737103.fits", ABSOLUTE),
        ("apogee", "aspcapStar-dr17-2M00000032+5737103.fits", DIMENSIONLESS),
        ("boss", "spec-3586-55181-0001.fits", ABSOLUTE),
        ("sdss", "dr8/spec-0266-51602-0001.fits", ABSOLUTE),
        ("lamost_lrs", "spec-55859-F5902_sp01-001.fits.gz", DIMENSIONLESS),
    ],
)
def test_units_follow_the_kind_of_file(instrument: str, name: str, unit: str) -> None:
    assert flux_unit(instrument, name) == unit
