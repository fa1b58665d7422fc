import pytest
from astropy import units

from starledger.schema.units import DEX, DIMENSIONLESS, checked_ucd, checked_unit


@pytest.mark.parametrize(
    "unit",
    [DIMENSIONLESS, DEX, "K", "km/s", "deg", "mas/yr", "mag", "dex(cm/s**2)", "dex(K)", "Angstrom"],
)
def test_a_unit_is_returned_as_it_is(unit: str) -> None:
    assert checked_unit(unit) == unit


@pytest.mark.parametrize("unit", ["K", "km/s", DEX, "dex(cm/s**2)", "dex(K)"])
def test_astropy_reads_our_spelling(unit: str) -> None:
    assert units.Unit(checked_unit(unit)).to_string() != ""


@pytest.mark.parametrize(
    "unit",
    [
        "",
        " ",
        "km/s ",
        "kms",
        "Kelvin",
        "km/km",  # nothing is left
        "'dex'",  # quoting would let any word pass
        "dex()",
        "dex(dex)",
        "dex(cm/s**2",
        "dex(furlong)",
        "log(cm/s**2)",
        "-",
        "none",
        "Dimensionless",
    ],
)
def test_what_is_no_unit_is_named(unit: str) -> None:
    with pytest.raises(ValueError, match="is not a unit") as caught:
        checked_unit(unit)
    assert repr(unit) in str(caught.value)
    assert DIMENSIONLESS in str(caught.value)


@pytest.mark.parametrize(
    "ucd", ["phys.gravity", "pos.eq.ra;meta.main", "phot.mag;em.opt.V", "meta.id"]
)
def test_a_ucd_is_returned_as_it_is(ucd: str) -> None:
    assert checked_ucd(ucd) == ucd


@pytest.mark.parametrize(
    "ucd",
    [
        "",
        "teff",
        "phys.temperature.efective",
        " phys.gravity",
        "phys.gravity;",
        "phys.gravity;stat.error",  # stat.error may only come first
        "arith.ratio",  # may not come first
        "POS_EQ_RA",  # UCD1
    ],
)
def test_what_is_no_ucd_is_named(ucd: str) -> None:
    with pytest.raises(ValueError, match=r"is not a UCD1\+") as caught:
        checked_ucd(ucd)
    assert repr(ucd) in str(caught.value)
