"""What labels a population has: a mixture of Gaussians, freed of the errors of what was measured.

The EM algorithm of Bovy, Hogg & Roweis (2011, Ann. Appl. Stat. 5, 1657), in which each star has
errors of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor

_ROUNDS = 60
_LEAST = 2e-3
"""Width that each component keeps, of that of the sample."""


@dataclass(frozen=True, slots=True)
class LabelMixture:
    """Gaussians that together are the density of true labels.

    Parameters
    ----------
    weights
        Share of each.
    means
        Components × labels.
    covariances
        Components × labels × labels.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor

    def given(self, labels: Tensor, errors: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and covariances of the true labels of stars.

        Parameters
        ----------
        labels, errors
            What was measured, and its standard errors: stars × labels.
        """
        share, mean, covariance = self._of_each(labels, errors)
        expected = (share[:, :, None] * mean).sum(dim=1)
        apart = mean - expected[:, None, :]
        spread = covariance + apart[:, :, :, None] * apart[:, :, None, :]
        return expected, (share[:, :, None, None] * spread).sum(dim=1)

    def improved(self, labels: Tensor, errors: Tensor, least: Tensor) -> LabelMixture:
        """Return the mixture after one round of EM, none of it narrower than `least`."""
        share, mean, covariance = self._of_each(labels, errors)
        count = share.sum(dim=0)
        means = (share[:, :, None] * mean).sum(dim=0) / count[:, None]
        apart = mean - means
        spread = covariance + apart[:, :, :, None] * apart[:, :, None, :]
        covariances = (share[:, :, None, None] * spread).sum(dim=0) / count[:, None, None]
        return LabelMixture(count / len(labels), means, covariances + torch.diag(least**2))

    def _of_each(self, labels: Tensor, errors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the share of each component in each star, and what each makes of its labels."""
        apart = labels[:, None, :] - self.means
        total = self.covariances + torch.diag_embed(errors**2)[:, None]
        factor = torch.linalg.cholesky(total)
        scaled = torch.linalg.solve_triangular(factor, apart[..., None], upper=False)[..., 0]
        size = factor.diagonal(dim1=2, dim2=3).log().sum(dim=2)
        share = torch.softmax(self.weights.log() - 0.5 * (scaled**2).sum(dim=2) - size, dim=1)
        gain = torch.cholesky_solve(self.covariances.expand_as(total), factor).mT
        mean = self.means + (gain @ apart[..., None])[..., 0]
        return share, mean, self.covariances - gain @ self.covariances


def deconvolved(labels: Tensor, errors: Tensor, components: int, seed: int = 1) -> LabelMixture:
    """Fit the density of true labels to measured ones.

    Parameters
    ----------
    labels, errors
        Stars × labels, in double precision.
    components
        How many Gaussians at most.
    seed
        Of where they start.

    Examples
    --------
    >>> rng = torch.Generator().manual_seed(1)
    >>> true = 0.1 * torch.randn(4000, 1, generator=rng, dtype=torch.float64)
    >>> error = torch.full_like(true, 0.1)
    >>> seen = true + error * torch.randn(4000, 1, generator=rng, dtype=torch.float64)
    >>> mixture = deconvolved(seen, error, components=1)
    >>> round(float(mixture.covariances[0, 0, 0].sqrt()), 2), round(float(seen.std()), 2)
    (0.1, 0.14)
    """
    width = labels.std(dim=0).clamp(min=1e-12)
    _, first = kmeans2((labels / width).numpy(), components, rng=seed, minit="++")
    of = torch.nn.functional.one_hot(torch.from_numpy(first).long(), components).to(labels)
    # A component that starts with few stars would not get a covariance.
    of = of[:, of.sum(dim=0) > 2 * labels.shape[1]]
    count = of.sum(dim=0)
    means = (of.T @ labels) / count[:, None]
    apart = labels[:, None, :] - means
    spread = torch.einsum("nk,nki,nkj->kij", of, apart, apart) / count[:, None, None]
    least = _LEAST * width
    mixture = LabelMixture(count / len(labels), means, spread + torch.diag(least**2))
    for _ in range(_ROUNDS):
        mixture = mixture.improved(labels, errors, least)
    return mixture
