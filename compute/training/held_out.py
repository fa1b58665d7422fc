"""Which stars are held out of a training, to test what came of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, any_, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.ingest.crossmatch.sides import last_closed_run
from starledger.schema.asof import membership
from starledger.schema.tables import StarMember

Integers = NDArray[np.int64]


def stars_of(connection: Connection, spectrum_ids: Integers) -> Integers:
    """Return the number of each spectrum's star.

    Raises
    ------
    BadTrainingSet
        A spectrum has none: no star run has seen it.
    """
    wanted = cast(literal(spectrum_ids.tolist(), ARRAY(BigInteger)), ARRAY(BigInteger))
    query = select(StarMember.spectrum_id, StarMember.star_id).where(
        StarMember.spectrum_id == any_(wanted), membership(last_closed_run(connection))
    )
    known = {row.spectrum_id: row.star_id for row in connection.execute(query)}
    stars = [known.get(one) for one in spectrum_ids.tolist()]
    if None in stars:
        raise BadTrainingSet(
            f"{stars.count(None)} of {len(stars)} spectra belong to no star yet, so that none can "
            "be held out by star.",
            remedy="`starledger stars assign` makes stars of them.",
        )
    return np.array(stars, np.int64)


def drawn(stars: Integers, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which spectra are held out: all of each drawn star.

    Parameters
    ----------
    stars
        The star of each spectrum.
    share
        Of the stars, from 0 to 1.
    seed
        Of the draw.

    Examples
    --------
    >>> out = drawn(np.array([7, 7, 8, 9, 10]), 0.5, seed=1)
    >>> int(len(set(np.array([7, 7, 8, 9, 10])[out]))), bool(out[0] == out[1])
    (2, True)
    """
    each = np.unique(stars)
    order = np.random.default_rng(seed).permutation(len(each))
    return np.isin(stars, each[order[: round(share * len(each))]])
