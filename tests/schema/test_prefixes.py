import re

import pytest

from starledger.schema.labels import LABELS
from starledger.schema.prefixes import (
    BITS,
    BOUND,
    CHI2,
    ERROR,
    FLAG,
    GRADIENT_CORRELATION,
    PREFIXES,
    RAW,
    RAW_ERROR,
    Prefix,
    prefixed,
)
from starledger.schema.units import DIMENSIONLESS, checked_ucd, checked_unit

POSTGRESQL_NAME_LENGTH = 63


def test_the_prefixes_are_those_that_releases_use() -> None:
    assert list(PREFIXES) == [
        *("err_", "crlb_", "flag_", "bits_", "scatter_"),
        *("raw_", "raw_err_", "gradcorr_", "chi2_"),
    ]


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=lambda prefix: prefix.text)
def test_a_prefix_makes_a_complete_column_of_every_label(prefix: Prefix) -> None:
    for label in LABELS.values():
        column = prefixed(prefix, label)
        assert column.name == prefix.text + label.name
        assert len(column.name) <= POSTGRESQL_NAME_LENGTH
        assert checked_unit(column.unit)
        assert checked_ucd(column.ucd)
        assert label.ucd in column.ucd
        assert label.quantity in column.description
        assert re.fullmatch(r"[A-Z].*[^.]\.", column.description)
        assert label.plain in column.plain
        assert label.latex in column.latex
        assert column.latex.count("$") % 2 == 0
        assert "{{" not in column.latex


def test_no_two_columns_have_the_same_name() -> None:
    made = [
        prefixed(prefix, label).name for prefix in PREFIXES.values() for label in LABELS.values()
    ]
    names = [*LABELS, *made]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("prefix", [ERROR, BOUND, RAW, RAW_ERROR], ids=lambda prefix: prefix.text)
def test_errors_and_raw_values_have_the_unit_of_the_label(prefix: Prefix) -> None:
    assert all(prefixed(prefix, label).unit == label.unit for label in LABELS.values())


@pytest.mark.parametrize(
    "prefix", [FLAG, BITS, GRADIENT_CORRELATION, CHI2], ids=lambda prefix: prefix.text
)
def test_flags_correlations_and_chi2_have_no_unit(prefix: Prefix) -> None:
    assert all(prefixed(prefix, label).unit == DIMENSIONLESS for label in LABELS.values())
