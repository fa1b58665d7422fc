"""The terms of a polynomial in the labels."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.models.cannon.terms import Terms


@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 1000))
def test_derivatives_are_those_of_the_values(n_labels: int, order: int, seed: int) -> None:
    terms = Terms.up_to(order, n_labels)
    x = torch.randn(4, n_labels, generator=torch.Generator().manual_seed(seed)).double()
    jacobian = torch.func.vmap(torch.func.jacrev(lambda one: terms.values(one[None])[0]))(x)
    torch.testing.assert_close(terms.derivatives(x), jacobian)


def test_terms_know_their_labels() -> None:
    assert Terms(((0, 0), (0, 2), (1, 1))).uses().tolist() == [
        [False, False],
        [False, True],
        [True, True],
    ]
