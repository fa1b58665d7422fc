"""The quality flag of The Payne's catalog: words (Ting et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from starledger.compute.models.base import Fits

GOOD = "good"
MAX_REDUCED_CHI2 = 50.0
MAX_VMAC = 20.0
"""In km/s: faster stars rotate, which The Payne's broadening does not describe."""
SEPARATOR = " ; "


def reduced_chi2(fits: Fits) -> Tensor:
    """Return χ² over the degrees of freedom; NaN where there are none or the fit failed."""
    fitted = fits.labels.shape[1] + (fits.rv is not None)
    free = fits.n_pixels - fitted
    return (fits.chi2 / free).where(free > 0, float("nan"))


def quality_flags(fits: Fits, labels: Sequence[str]) -> list[str]:
    """Return the flag of each fit: ``good``, or what is wrong, joined by `` ; ``.

    A fit that failed has the reason instead.

    Parameters
    ----------
    fits
        Of a batch of spectra.
    labels
        The labels in their order; without ``vmac`` it is not judged.
    """
    chi2 = reduced_chi2(fits).tolist()
    vmac = fits.labels[:, list(labels).index("vmac")].tolist() if "vmac" in labels else []
    vmac = vmac or [0.0] * len(chi2)
    return [
        end.value if end.failed else _flag(one_vmac, one_chi2)
        for one_vmac, one_chi2, end in zip(vmac, chi2, fits.convergence, strict=True)
    ]


def _flag(vmac: float, chi2: float) -> str:
    wrong = [f"vmac > {MAX_VMAC:g}kms"] if vmac > MAX_VMAC else []
    # Not a number counts as too large: nothing says that such a fit is good.
    if not chi2 <= MAX_REDUCED_CHI2:
        wrong.append(f"chi2_R > {MAX_REDUCED_CHI2:g}")
    return SEPARATOR.join(wrong) or GOOD
