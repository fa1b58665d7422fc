from __future__ import annotations

import numpy as np

from starledger.catalog.calibrate.evidence import in_order, sha256_of
from starledger.catalog.calibrate.validation import split
from tests.catalog.calibrate.made_up import evidence


def test_the_order_of_rows_decides_nothing() -> None:
    one = evidence(60, 1)
    turned = one.take(np.arange(60)[::-1])
    kept = split(60, 0.2, 7)
    assert sha256_of(in_order(turned), kept) == sha256_of(in_order(one), kept)
    assert sha256_of(one, kept) != sha256_of(one, split(60, 0.2, 8))
    changed = one.take(np.arange(59))
    assert sha256_of(changed, kept[:59]) != sha256_of(one, kept)
