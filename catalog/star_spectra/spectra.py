"""All that a release knows of a star's spectra, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from starledger.catalog.releases.finding import PublishedRelease
from starledger.catalog.star_spectra.finding import PinnedModel, pinned_model, visits_of
from starledger.catalog.star_spectra.fitted import Fitted, Refitter
from starledger.catalog.star_spectra.observed import Observed, observed
from starledger.catalog.star_spectra.rows import Rows, rows_of
from starledger.catalog.why.naming import star_named
from starledger.compute.models.registry import find_model
from starledger.schema.settings import Settings


@dataclass(frozen=True, slots=True)
class VisitSpectrum:
    """One visit of a star.

    Parameters
    ----------
    about
        What the ledger says of the visit and of its fit, by name.
    observed
        As the survey published it.
    fitted
        As the fit saw it, with the model.
    """

    about: Mapping[str, Any]
    observed: Observed
    fitted: Fitted


@dataclass(frozen=True, slots=True)
class StarSpectra:
    """A star's spectra with the model that a release took its labels from.

    Parameters
    ----------
    release
        The release.
    star_id
        The star.
    model
        The model, as the release pins it.
    wavelength
        Of the model's pixels, in vacuum in Å.
    visits
        The visits, the best S/N first.
    star, fits
        The rows of the release: of the star, and of the fits of these visits by the model.
    """

    release: PublishedRelease
    star_id: int
    model: PinnedModel
    wavelength: NDArray[np.float64]
    visits: tuple[VisitSpectrum, ...]
    star: Rows
    fits: Rows


def star_spectra(
    connection: Connection,
    settings: Settings,
    release: PublishedRelease,
    star: str,
    *,
    model: str | None = None,
    visit: str | None = None,
) -> StarSpectra:
    """Return the spectra of a star, each with the model at its labels and velocity.

    Parameters
    ----------
    connection
        To the ledger.
    settings
        Where shards and models are.
    release
        The release.
    star
        Its number, a Gaia source_id, its starid, or a survey's identifier of one of its spectra.
    model
        Whose fits; by default the model recommended for teff.
    visit
        Only this visit: its number or the survey's identifier.

    Raises
    ------
    NoSuchStar, NoSuchRelease
        The release has no such star, visit or model.
    DamagedShard, ModelRefused
        A file is missing, or is not what the ledger says of it.
    """
    star_id = star_named(connection, release, star)
    pinned = pinned_model(connection, release, model)
    visits = visits_of(connection, release, pinned, star_id, visit)
    pixels = observed(settings.shard_root, visits)
    registered = find_model(connection, pinned.name)
    refitter = Refitter(settings.shard_root, settings.model_root, pinned, registered)
    fitted = refitter.fitted(visits)
    return StarSpectra(
        release=release,
        star_id=star_id,
        model=pinned,
        wavelength=refitter.wavelength,
        visits=tuple(
            VisitSpectrum(row._asdict(), seen, fit)
            for row, seen, fit in zip(visits, pixels, fitted, strict=True)
        ),
        star=rows_of(connection, release, release.stars_of(pinned.name), {"star_id": [star_id]}),
        fits=rows_of(
            connection,
            release,
            release.relation("fit"),
            {"spectrum_id": [row.spectrum_id for row in visits], "model": [pinned.name]},
        ),
    )
