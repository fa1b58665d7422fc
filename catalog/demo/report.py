"""The report of the demonstration: a page (HTML) and its pictures (PNG)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from starledger.catalog.demo.recovery import (
    MIN_SNR,
    RANGE,
    Recovered,
    recovered,
    stars_beside_truth,
    true_labels,
    visits_beside_truth,
)
from starledger.catalog.export.arriving import arriving
from starledger.catalog.plots.asking import Sample, stars_of, visits_of
from starledger.catalog.plots.comparing import one_to_one
from starledger.catalog.plots.figures import save
from starledger.catalog.plots.kiel import kiel, plane
from starledger.catalog.plots.precision import precision
from starledger.catalog.query.asking import Asker
from starledger.schema.labels import label as label_of

if TYPE_CHECKING:
    from astropy.table import Table
    from matplotlib.figure import Figure

CLEAN = Sample(where="s.flag_bad = 'false'")
"""Stars without a bad flag."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A table of the report.

    Parameters
    ----------
    title
        What is compared.
    rows
        Label by label.
    """

    title: str
    rows: Sequence[Recovered]


@dataclass(frozen=True)
class Subject:
    """What the report is about.

    Parameters
    ----------
    asker
        Whom to ask for the release.
    survey
        Folder of the simulated LAMOST, with its truth.
    models
        The labels of each model, by its name.
    labels
        Those that the release recommends.
    """

    asker: Asker
    survey: Path
    models: Mapping[str, Sequence[str]]
    labels: Sequence[str]


def compare(subject: Subject, truth: Table, stars: Table) -> list[Compared]:
    """Return the tables of the report: visits of each model, and stars.

    Parameters
    ----------
    subject
        What it is about.
    truth
        See `true_labels`.
    stars
        See `stars_beside_truth`.
    """
    found = [
        Compared(
            f"Visits by {model}, as fitted, with S/N above {MIN_SNR:g}",
            recovered(visits_beside_truth(subject.asker, truth, model, labels), labels),
        )
        for model, labels in subject.models.items()
    ]
    title = "Stars: recommended labels, combined and calibrated, any S/N"
    return [*found, Compared(title, recovered(stars, subject.labels))]


def draw(subject: Subject, beside: Table) -> Iterator[tuple[str, str, Figure]]:
    """Yield the pictures of the report: name, caption, figure.

    Parameters
    ----------
    subject
        What it is about.
    beside
        See `stars_beside_truth`.
    """
    asker = subject.asker
    stars = stars_of(asker, CLEAN, ("teff", "logg", "fe_h", "mg_fe", "ca_fe"))
    yield "kiel", "Kiel diagram of the stars without a bad flag", kiel(stars)
    for up in ("mg_fe", "ca_fe"):
        yield f"plane_{up}", f"{label_of(up).plain} over [Fe/H]", plane(stars, "fe_h", up)
    for label in subject.labels:
        caption = f"{label_of(label).plain} of stars against the truth"
        yield f"truth_{label}", caption, one_to_one(beside, label, "truth")
    for model, labels in subject.models.items():
        for label in subject.labels:
            if label in labels:
                visits = visits_of(asker, Sample(), label, model)
                caption = f"Precision of {label_of(label).plain} by {model} along S/N"
                yield f"precision_{label}_{model}", caption, precision(visits, label)


def write(
    folder: Path, subject: Subject, answers: Mapping[str, str], said: Sequence[tuple[str, str]]
) -> list[Compared]:
    """Write the page and its pictures into a folder, and return its tables.

    Parameters
    ----------
    folder
        Made if need be; the page is ``report.html`` in it.
    subject
        What it is about.
    answers
        Those of queries, by what was asked.
    said
        The stages, and what each of them said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = true_labels(subject.survey)
    stars = stars_beside_truth(subject.asker, truth, subject.labels)
    tables = compare(subject, truth, stars)
    pictures = []
    for name, caption, figure in draw(subject, stars):
        save(figure, folder / f"{name}.png")
        pictures.append((name, caption))
    page = Template(files(__package__).joinpath("report.html").read_text("utf-8")).substitute(
        range=f"{RANGE[0]:.0f}–{RANGE[1]:.0f} K",
        stages="".join(f"<li><b>{escape(one)}</b> {escape(what)}</li>" for one, what in said),
        tables="".join(map(_table, tables)),
        pictures="".join(
            f'<figure><img src="{name}.png" alt="{escape(caption)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
            for name, caption in pictures
        ),
        answers="".join(
            f"<h3>{escape(title)}</h3><pre>{escape(answer)}</pre>"
            for title, answer in answers.items()
        ),
    )
    with arriving(folder / "report.html") as file:
        file.write(page.encode())
    return tables


HEADS = (
    *("label", "n", "bias", "scatter", "stated error", "pull"),
    *("Cramér–Rao bound", "bias / bound", "scatter / bound", "without a flag"),
)
"""Of the tables; those without bounds have the first six."""


def _table(compared: Compared) -> str:
    rows = [cells_of(row) for row in compared.rows]
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    titles = "".join(f"<th>{escape(head)}</th>" for head, _ in zip(HEADS, rows[0], strict=False))
    return f"<h3>{escape(compared.title)}</h3><table><tr>{titles}</tr>{lines}</table>"


def cells_of(row: Recovered) -> list[str]:
    """Return what a row of a table says, in words and rounded numbers.

    Examples
    --------
    >>> cells_of(Recovered("teff", 100, 1.5, 30.4, 28.0, 1.1))
    ['teff (K)', '100', '1.5', '30', '28', '1.10']
    """
    known = label_of(row.label)
    unit = "" if known.unit == "dimensionless" else f" ({known.unit})"
    cells = [f"{row.label}{unit}", f"{row.count:,}"]
    cells += [f"{value:.2g}" for value in (row.bias, row.scatter, row.error)]
    cells.append(f"{row.pull:.2f}")
    if row.bound is not None:
        cells += [f"{row.bound:.2g}", f"{row.bias_in_bounds:.2f}", f"{row.times_bound:.2f}"]
        cells.append(f"{row.unflagged:,}")
    return cells


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"
