"""The overlap of two surveys: spectra of one, with the labels that the other gave their stars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Double, Select, and_, case, cast, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.compute.models.registry import instrument_and_arm
from starledger.compute.training.matches import LabelMatch
from starledger.ingest.soundness import sound_label, sound_row
from starledger.schema.tables import Instrument, Neighbourhood, Spectrum
from starledger.schema.tables.versions import BroadbandSignal

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Which spectra and labels are good enough to teach.

    Parameters
    ----------
    min_snr, min_catalog_snr
        Least signal-to-noise ratios a pixel of the spectra, and of the rows that give labels. With
        0, those whose ratio is not known count too.
    ranges
        Least and greatest value of some labels, each in its own unit.
    kind
        Of the spectra: exposure, visit or coadd.
    instrument
        Of the spectra, like ``apogee``, or ``lamost_mrs:red`` for one arm; without, all must be of
        the same.
    """

    min_snr: float = 0.0
    min_catalog_snr: float = 0.0
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    kind: str = "visit"
    instrument: str | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Spectra and the labels of their stars.

    Parameters
    ----------
    names
        Of the labels.
    instrument
        Of the spectra, with its arm where it has several.
    spectrum_ids, source_row_ids
        The spectra, and the catalog rows that give their labels.
    labels, errors
        Spectra × labels, in label units; an error that is not told is NaN.
    rv
        How fast stars move in the frame of their spectra, in km/s, as the survey measured it.
    shard_ids, shard_rows
        Where their pixels are.
    recipe
        How they were chosen.
    left_out
        How many of the matched spectra do not count, for each reason.
    """

    names: tuple[str, ...]
    instrument: str
    spectrum_ids: Integers
    source_row_ids: Integers
    labels: Floats
    errors: Floats
    rv: Floats
    shard_ids: Integers
    shard_rows: Integers
    recipe: Mapping[str, Any]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.spectrum_ids)


def overlap(connection: Connection, match: LabelMatch, names: Sequence[str], cuts: Cuts) -> Overlap:
    """Find the overlap of spectra with a catalog that has labels: for each row the best spectrum.

    Parameters
    ----------
    connection
        To the ledger.
    match
        The crossmatch.
    names
        Of the labels; a row must have all of them, and none that its survey calls bad.
    cuts
        What is good enough.

    Raises
    ------
    BadTrainingSet
        The catalog lacks a label, nothing is good enough, or spectra are of several instruments.
    """
    _check(match, names, cuts)
    needed = _requirements(match, names, cuts)
    left_out, met = _left_out(connection, match, needed)
    if not met:
        raise BadTrainingSet(
            f"No spectrum of crossmatch run {match.run_id} is good enough to teach: "
            f"{_told(left_out)}.",
            remedy="Take fewer labels, or wider cuts.",
        )
    rows = connection.execute(_chosen(match, names, needed)).all()
    ids = np.array([tuple(row)[:4] for row in rows], np.int64)
    numbers = np.array([tuple(row)[5:] for row in rows], float)
    labels, errors = np.split(numbers[:, 1:], 2, axis=1)
    if met > len(rows):
        left_out["worse spectra of the same row"] = met - len(rows)
    recipe = {"crossmatch_run_id": match.run_id, **asdict(cuts)}
    return Overlap(
        tuple(names), _instrument({row.instrument for row in rows}), ids[:, 0], ids[:, 1],
        labels, errors, numbers[:, 0], ids[:, 2], ids[:, 3], recipe, left_out,
    )  # fmt: skip


def _check(match: LabelMatch, names: Sequence[str], cuts: Cuts) -> None:
    release = match.catalog.release
    if missing := [name for name in names if name not in match.places]:
        raise BadTrainingSet(
            f"{release} has no {missing[0]}.",
            remedy=f"It has {', '.join(sorted(match.places)) or 'no labels at all'}.",
        )
    for name, (low, high) in cuts.ranges.items():
        if name not in match.places:
            raise BadTrainingSet(f"{release} has no {name}.", remedy="Leave its range out.")
        if not low < high:
            raise BadTrainingSet(
                f"The range of {name} from {low:g} to {high:g} is empty.",
                remedy="Give the lower end first.",
            )


def _requirements(
    match: LabelMatch, names: Sequence[str], cuts: Cuts
) -> dict[str, ColumnElement[bool]]:
    """Return what spectra and rows must meet, by what is said of those that do not."""
    table, places = match.catalog.table, match.places
    needed = {
        "of another kind": Spectrum.kind == cuts.kind,
        "without a barycentric velocity": _velocity().is_not(None),
        "flagged by the catalog": sound_row(match.catalog),
        "without all labels": and_(*(table.labels[places[name]].is_not(None) for name in names)),
        "with a flagged label": and_(*(sound_label(match.catalog, places[name]) for name in names)),
    }
    if cuts.instrument is not None:
        name, arm = instrument_and_arm(cuts.instrument)
        needed["of another instrument"] = and_(Instrument.name == name, Spectrum.arm == arm)
    if cuts.min_snr > 0:
        needed["of lower S/N"] = Spectrum.snr >= cuts.min_snr
    if cuts.min_catalog_snr > 0:
        needed["of lower S/N in the catalog"] = _signal(table) >= cuts.min_catalog_snr
    for name, (low, high) in cuts.ranges.items():
        needed[f"outside the range of {name}"] = table.labels[places[name]].between(low, high)
    return needed


def _signal(table: type[Any]) -> ColumnElement[float]:
    """Return the signal-to-noise ratio of rows, in the best band where it is told by band alone."""
    whole: ColumnElement[float] = table.snr
    if not issubclass(table, BroadbandSignal):
        return whole
    bands = (table.snr_u, table.snr_g, table.snr_r, table.snr_i, table.snr_z)
    return func.coalesce(whole, func.greatest(*bands))


def _velocity() -> ColumnElement[float]:
    """Return the velocity of a star in the frame of its spectrum; null where it is not known."""
    shift = cast(Spectrum.frame_shift, Double)
    own = cast(Spectrum.rv, Double)
    return case(
        (Spectrum.frame == "barycentric", own),
        (Spectrum.frame == "shifted", func.coalesce(own, shift) - shift),
        else_=None,
    )


def _matched(match: LabelMatch, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Return the query of columns of all matched spectra that count, with their rows."""
    return (
        select(*columns)
        .select_from(Neighbourhood)
        .join(Spectrum, Spectrum.spectrum_id == Neighbourhood.left_row_id)
        .join(Instrument, Instrument.instrument_id == Spectrum.instrument_id)
        .join(match.catalog.table, match.catalog.row_id == Neighbourhood.right_row_id)
        .where(
            Neighbourhood.crossmatch_run_id == match.run_id,
            Neighbourhood.rank == 1,
            match.spectra.counts(),
            match.catalog.counts(),
        )
    )


def _left_out(
    connection: Connection, match: LabelMatch, needed: Mapping[str, ColumnElement[bool]]
) -> tuple[dict[str, int], int]:
    """Return how many spectra fail each requirement first, and how many meet all."""
    all_so_far = [and_(*list(needed.values())[: i + 1]) for i in range(len(needed))]
    counts = [func.count(), *(func.count().filter(one) for one in all_so_far)]
    met = [int(count) for count in connection.execute(_matched(match, *counts)).one()]
    lost = {why: met[i] - met[i + 1] for i, why in enumerate(needed)}
    return {why: count for why, count in lost.items() if count}, met[-1]


def _chosen(
    match: LabelMatch, names: Sequence[str], needed: Mapping[str, ColumnElement[bool]]
) -> Select[*tuple[Any, ...]]:
    """Return the query of the spectra that teach: for each row the one of the highest S/N."""
    table, places = match.catalog.table, [match.places[name] for name in names]
    instrument = case(
        (Spectrum.arm == "full", Instrument.name), else_=Instrument.name + ":" + Spectrum.arm
    )
    row_id = match.catalog.row_id
    return (
        _matched(
            match, Spectrum.spectrum_id, row_id, Spectrum.shard_id, Spectrum.shard_row,
            instrument.label("instrument"), _velocity(),
            *(cast(of[place], Double) for of in (table.labels, table.errors) for place in places),
        )
        .where(*needed.values())
        .ext(distinct_on(row_id))
        .order_by(row_id, Spectrum.snr.desc().nulls_last(), Spectrum.spectrum_id)
    )  # fmt: skip


def _instrument(found: set[str]) -> str:
    if len(found) > 1:
        raise BadTrainingSet(
            f"The spectra are of several instruments or arms: {', '.join(sorted(found))}.",
            remedy="Name the one that the model is for.",
        )
    return found.pop()


def _told(left_out: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} are {why}" for why, count in left_out.items())
    return told or "none was matched"
