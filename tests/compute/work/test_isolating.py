from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.models.base import Convergence, Fits, Spectra
from starledger.compute.work.isolating import isolated

BAD = 7.0


def fit(spectra: Spectra) -> Fits:
    """Return the flux as a label, or break on a bad spectrum."""
    if bool((spectra.flux == BAD).any()):
        raise FloatingPointError("the seventh")
    n = len(spectra)
    return Fits(
        labels=spectra.flux.double(),
        covariance=torch.ones(n, 1, 1),
        rv=None,
        chi2=torch.zeros(n),
        n_pixels=torch.ones(n),
        convergence=(Convergence.CONVERGED,) * n,
        steps=torch.zeros(n),
        bounds=torch.ones(n, 1),
    )


@given(st.lists(st.booleans(), max_size=40))
def test_only_what_breaks_the_fitter_fails(broken: list[bool]) -> None:
    flux = torch.arange(len(broken), dtype=torch.float32)[:, None] + 100.0
    flux[torch.tensor(broken, dtype=torch.bool)] = BAD
    fits, rows, errors = isolated(fit, Spectra(flux, torch.ones_like(flux)))
    assert sorted(errors) == [row for row, bad in enumerate(broken) if bad]
    assert rows == [row for row, bad in enumerate(broken) if not bad]
    assert (fits is None) == (not rows)
    if fits is not None:
        assert fits.labels[:, 0].tolist() == [100.0 + row for row in rows]
    assert all("FloatingPointError: the seventh" in error for error in errors.values())
