"""The posterior of a correction's parameters by Monte Carlo, for samples full of outliers."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from starledger.catalog.calibrate.bases import Basis
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.formula import FloatArray
from starledger.catalog.calibrate.robust import LinearFit, fit_linear, matrix_of

STEPS, BURNED = 1500, 500
_WIDE = 10.0
"""Outliers scatter by so many times the width of the others."""


def sample_posterior(basis: Basis, evidence: Evidence, seed: int) -> LinearFit:
    """Fit a correction by emcee: with scatter, and with a share of outliers, as unknowns.

    Parameters
    ----------
    basis, evidence
        The shape, and what is wanted.
    seed
        Of the walkers.

    Returns
    -------
    LinearFit
        Mean and covariance of the posterior.
    """
    import emcee

    start = fit_linear(basis, evidence)
    matrix = matrix_of(basis, evidence)
    count = matrix.shape[1]
    rng = np.random.default_rng(seed)
    middle, widths = _start(start, matrix, evidence)
    walkers = 2 * (count + 2) + 10
    begin = middle + 0.5 * widths * rng.standard_normal((walkers, count + 2))
    sampler = emcee.EnsembleSampler(
        walkers, count + 2, _log_posterior, args=(matrix, evidence), vectorize=True
    )
    # The sampler draws from its own legacy generator, which the state sets.
    state = emcee.State(begin, random_state=np.random.RandomState(seed).get_state())
    sampler.run_mcmc(state, STEPS)
    chain = sampler.get_chain(discard=BURNED, flat=True)
    values = chain.mean(axis=0)
    own = len(start.values)
    scatter = float(np.exp(values[count]))
    pull = (evidence.wanted - matrix @ values[:count]) / np.hypot(evidence.error, scatter)
    return LinearFit(
        values[:own],
        np.cov(chain[:, :own], rowvar=False).reshape(own, own),
        scatter,
        int((np.abs(pull) > 4.0).sum()),
    )


def _start(fit: LinearFit, matrix: FloatArray, evidence: Evidence) -> tuple[FloatArray, FloatArray]:
    """Return where walkers begin, and how widely they are scattered there."""
    own = len(fit.values)
    typical = float(np.median(evidence.error))
    sigma = np.hypot(evidence.error, fit.scatter)[:, None]
    weighted = matrix / sigma
    values = np.linalg.lstsq(weighted, evidence.wanted / sigma[:, 0], rcond=None)[0]
    values[:own] = fit.values
    widths = np.sqrt(np.diag(np.linalg.inv(weighted.T @ weighted)))
    scatter = np.log(max(fit.scatter, 0.1 * typical))
    middle = np.concatenate([values, [scatter, np.log(0.03 / 0.97)]])
    return middle, np.concatenate([widths, [0.2, 0.2]])


def _log_posterior(walkers: FloatArray, matrix: FloatArray, evidence: Evidence) -> FloatArray:
    """Return the log posterior of walkers: members are Gaussian, or outliers ten times as wide."""
    values, log_scatter, odds = walkers[:, :-2], walkers[:, -2:-1], walkers[:, -1:]
    sigma = np.hypot(evidence.error, np.exp(log_scatter))
    residual = evidence.wanted - values @ matrix.T
    log_good = -0.5 * (residual / sigma) ** 2 - np.log(sigma) - np.log1p(np.exp(odds))
    wide = _WIDE * sigma
    log_bad = -0.5 * (residual / wide) ** 2 - np.log(wide) - np.log1p(np.exp(-odds))
    likelihood = logsumexp([log_good, log_bad], axis=0).sum(axis=1)
    # Weak priors keep scatter and share of outliers from wandering off where data say nothing.
    typical = np.log(np.median(evidence.error))
    prior = (
        -0.5 * ((log_scatter[:, 0] - typical) / 3.0) ** 2 - 0.5 * ((odds[:, 0] + 3.5) / 1.5) ** 2
    )
    return np.asarray(likelihood + prior)
