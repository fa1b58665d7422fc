"""All that a release knows of a star's spectra, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.catalog.releases.finding import PublishedRelease, find_release
from starledger.catalog.star_spectra.finding import (
    PinnedModel,
    pinned_model,
    visit_named,
    visits_of,
)
from starledger.catalog.star_spectra.fitted import Fitted, Refitter
from starledger.catalog.star_spectra.observed import Observed, observed
from starledger.catalog.star_spectra.rows import Rows, rows_of
from starledger.catalog.why.naming import star_named
from starledger.compute.models.registry import find_model
from starledger.schema.database import Database


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


def spectra_of(
    database: Database,
    shard_root: Path,
    model_root: Path,
    release: str | None,
    star: str,
    model: str | None = None,
    *,
    visit: str | None = None,
) -> StarSpectra:
    """Return the spectra of a star, each with the model at its labels and velocity.

    Parameters
    ----------
    database
        The ledger.
    shard_root, model_root
        Where the files of pixels and of models are.
    release
        The release; None is the newest one.
    star
        Its number, a Gaia source_id, its starid, or a survey's identifier of one of its spectra.
    model
        Whose fits; by default the model recommended for teff.
    visit
        Only this visit: its number or the survey's identifier.

    Raises
    ------
    NoSuchStar, NoSuchRelease
        There is no such release, or it has no such star, visit or model.
    DamagedShard, ModelRefused
        A file is missing, or is not what the ledger says of it.
    """
    with database.engine().connect() as connection:
        published = find_release(connection, release)
        star_id = star_named(connection, published, star)
        pinned = pinned_model(connection, published, model)
        rows = visits_of(connection, published, pinned, star_id, visit)
        registered = find_model(connection, pinned.name)
        combined = rows_of(
            connection, published, published.stars_of(pinned.name), {"star_id": [star_id]}
        )
        which = {"spectrum_id": [row.spectrum_id for row in rows], "model": [pinned.name]}
        fits = rows_of(connection, published, published.relation("fit"), which)
    # No transaction stays open while files are read.
    refitter = Refitter(shard_root, model_root, pinned, registered)
    parts = zip(rows, observed(shard_root, rows), refitter.fitted(rows), strict=True)
    visits = tuple(VisitSpectrum(row._asdict(), seen, fit) for row, seen, fit in parts)
    return StarSpectra(
        published, star_id, pinned, refitter.wavelength, visits, star=combined, fits=fits
    )


def spectra_of_visit(
    database: Database,
    shard_root: Path,
    model_root: Path,
    release: str | None,
    visit: str,
    model: str | None = None,
) -> StarSpectra:
    """Return the spectrum of one visit, whosever it is, with the model at its labels.

    Parameters
    ----------
    database, shard_root, model_root, release
        As for `spectra_of`.
    visit
        Its number, or the survey's identifier.
    model
        Whose fit; by default that of the model recommended for teff.

    Raises
    ------
    NoSuchVisit, NoSuchStar, NoSuchRelease
        There is no such visit, or none in the release, or no such release or model.
    DamagedShard, ModelRefused
        A file is missing, or is not what the ledger says of it.
    """
    with database.engine().connect() as connection:
        published = find_release(connection, release)
        spectrum_id, star_id = visit_named(connection, published, visit)
    named = (str(star_id), model)
    return spectra_of(
        database, shard_root, model_root, published.name, *named, visit=str(spectrum_id)
    )
