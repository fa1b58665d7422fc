"""The queries behind the pictures: which columns of a release each of them needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starledger.catalog.plots.comparing import OTHER
from starledger.catalog.query.asking import Asker
from starledger.catalog.query.limits import Limits
from starledger.compute.plots import NothingToDraw

if TYPE_CHECKING:
    from astropy.table import Table

RAW = "raw"
"""The other opinion of a label that is its own value before calibration."""
OTHERS = "others"
"""What queries call the file with the others' labels."""
REPEATS = """fit AS f JOIN visit AS v ON v.spectrum_id = f.spectrum_id
LEFT JOIN visit AS w ON w.star_id = v.star_id AND w.uqflag = v.uqflag + 1 AND w.night <> v.night
LEFT JOIN fit AS g ON g.spectrum_id = w.spectrum_id AND g.model = f.model"""
"""Fits of visits, beside that of the star's visit of the next lower S/N, if on another night."""
MOST = 2_000_000
"""Rows that are drawn, at most."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Which rows of which release are drawn.

    Parameters
    ----------
    release
        Its name; by default the newest one.
    where
        A condition on the stars in ADQL, or none.
    """

    release: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Others:
    """Whom a label is compared with.

    Parameters
    ----------
    against
        ``raw``, a model of the release, or a file with the label.
    on
        The column that tells, in a file, which star is meant.
    is_file
        Whether it is a file.
    """

    against: str
    on: str = "gaia_dr3_source_id"
    is_file: bool = field(default=False)


def stars_of(asker: Asker, sample: Sample, columns: Sequence[str]) -> Table:
    """Return some columns of the stars of a release.

    Parameters
    ----------
    asker
        Whom to ask.
    sample
        Which stars.
    columns
        Their columns.
    """
    names = ", ".join(f"s.{name}" for name in dict.fromkeys(columns))
    return _asked(asker, (names,), "star AS s", sample)


def pairs_of(
    asker: Asker, sample: Sample, label: str, others: Others, more: Sequence[str] = ()
) -> Table:
    """Return a label of stars beside what others say of it, with the errors of both.

    Parameters
    ----------
    asker
        Whom to ask.
    sample
        Which stars.
    label
        The label.
    others
        Whom it is compared with.
    more
        Further columns of the stars.
    """
    ours = ", ".join(f"s.{name}" for name in dict.fromkeys([label, f"err_{label}", *more]))
    if others.against == RAW:
        theirs = _as_others(label, (f"s.raw_{label}", f"s.raw_err_{label}"))
        return _asked(asker, (ours, theirs), "star AS s", sample)
    theirs = _as_others(label, (f"o.{label}", f"o.err_{label}"))
    if not others.is_file:
        joined = f"star AS s JOIN star_{others.against} AS o ON o.star_id = s.star_id"
        return _asked(asker, (ours, theirs), joined, sample)
    uploads = {OTHERS: others.against}
    known = _asked(asker, ("TOP 1 *",), OTHERS, Sample(sample.release), uploads)
    if f"err_{label}" not in known.colnames:
        theirs = _as_others(label, (f"o.{label}",))
    joined = f"star AS s JOIN {OTHERS} AS o ON o.{others.on} = s.{others.on}"
    return _asked(asker, (ours, theirs), joined, sample, uploads)


def visits_of(asker: Asker, sample: Sample, label: str, model: str | None) -> Table:
    """Return a label of visits with its error and bound, and those of the star's next best visit.

    Parameters
    ----------
    asker
        Whom to ask.
    sample
        Which visits: the condition is on ``f``, the view ``fit``.
    label
        The label.
    model
        Whose fits; not needed where the release has one.
    """
    release = asker.offer().required(sample.release)
    models = {str(one["name"]) for one in release.manifest["models"]}
    chosen = model or release.recommended().get(label)
    if chosen not in models:
        raise NothingToDraw(
            f"The release {release.name} has no fits by {chosen}.",
            remedy=f"Its models are {', '.join(sorted(models))}.",
        )
    ours = f"v.snr, f.{label}, f.err_{label}, f.crlb_{label}"
    columns = (ours, _as_others(label, (f"g.{label}", f"g.err_{label}")))
    where = f"f.model = '{chosen}'"
    if sample.where is not None:
        where += f" AND ({sample.where})"
    return _asked(asker, columns, REPEATS, Sample(release.name, where))


def _as_others(label: str, columns: Sequence[str]) -> str:
    names = (f"{OTHER}{label}", f"err_{OTHER}{label}")
    return ", ".join(f"{column} AS {name}" for column, name in zip(columns, names, strict=False))


def _asked(
    asker: Asker,
    columns: Sequence[str],
    tables: str,
    sample: Sample,
    uploads: Mapping[str, Any] | None = None,
) -> Table:
    condition = "" if sample.where is None else f" WHERE {sample.where}"
    text = f"SELECT {', '.join(columns)} FROM {tables}{condition}"  # noqa: S608 - ADQL is checked
    limits = Limits(rows=MOST)
    question = asker.question(text, release=sample.release, uploads=uploads or {}, limits=limits)
    return asker.answer(question).table()
