"""Labels after their calibrations, inline: the arithmetic in the text of a view."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain as joined

from starledger.catalog.calibrate.expressions import Step, steps
from starledger.catalog.calibrate.forms import Calibration
from starledger.schema.flags import Scope, mask

HELD = mask(Scope.LABEL, "calibration_held")
UNRELIABLE = mask(Scope.LABEL, "gradient_unreliable")

MOST_WORDS = 20_000
"""Words of SQL that are planned in a blink, and evaluated in less time than fences take."""

_WORD = re.compile(r"[a-z_][a-z0-9_]*")


def laterals(labels: Sequence[str], calibrations: Sequence[Calibration]) -> str:
    """Return the SQL that goes behind a query which gives the raw labels.

    Steps that do not need each other stand side by side, in storeys. PostgreSQL merges the storeys
    and so writes an expression out wherever its column is named. Where calibrations build on each
    other that would grow without bounds: there each storey but the last ends in ``OFFSET 0``,
    which prevents it, at the price of queries that use one core.

    Examples
    --------
    >>> print(laterals(["teff"], []))
    CROSS JOIN LATERAL (SELECT
        raw_teff AS teff,
        raw_err_teff AS err_teff,
        false AS held_teff) AS step_1
    """
    storeys = _storeys(steps(labels, calibrations))
    fenced = _merged_words(storeys) > MOST_WORDS
    return "\n".join(
        _lateral(number, storey, fenced=fenced and number < len(storeys))
        for number, storey in enumerate(storeys, 1)
    )


def _merged_words(storeys: Sequence[Sequence[Step]]) -> int:
    """Return how many words the steps would be, if each were written out wherever it is named."""
    size: dict[str, int] = {}
    for step in joined.from_iterable(storeys):
        size[step.column] = sum(size.get(word, 1) for word in _WORD.findall(step.sql))
    return sum(size.values())


def _storeys(all_steps: Sequence[Step]) -> list[list[Step]]:
    """Return steps in storeys, each above all that its steps need."""
    at: dict[str, int] = {}
    made: list[list[Step]] = []
    for step in all_steps:
        needs = set(_WORD.findall(step.sql))
        storey = max((at[name] + 1 for name in needs if name in at), default=0)
        at[step.column] = storey
        made.extend([] for _ in range(len(made), storey + 1))
        made[storey].append(step)
    return made


def _lateral(number: int, storey: Sequence[Step], *, fenced: bool) -> str:
    parts = ",\n".join(f"    {step.sql} AS {step.column}" for step in storey)
    fence = "\n    OFFSET 0" if fenced else ""
    return f"CROSS JOIN LATERAL (SELECT\n{parts}{fence}) AS step_{number}"


def raw_columns(row: str, labels: Sequence[str]) -> list[str]:
    """Return the columns that the steps start from, out of the arrays of a row.

    Parameters
    ----------
    row
        The row's name in the query.
    labels
        The labels of the model, in the order of its arrays.

    Examples
    --------
    >>> raw_columns("f", ["teff"])
    ['f.labels[1] AS raw_teff', 'f.errors[1] AS raw_err_teff']
    """
    return [
        column
        for place, name in enumerate(labels, 1)
        for column in (
            f"{row}.labels[{place}] AS raw_{name}",
            f"{row}.errors[{place}] AS raw_err_{name}",
        )
    ]


def label_expressions(row: str, label: str) -> dict[str, str]:
    """Return the SQL of a label and of what stands around it, by column, from a calibrated row.

    Parameters
    ----------
    row
        The row's name in the query with a dot behind it, or nothing where columns need none. It
        must also have ``own_bits_<label>``: the flags of the label that are stored.
    label
        The label.
    """
    bits = f"{row}own_bits_{label} | CASE WHEN {row}held_{label} THEN {HELD} ELSE 0 END"
    reliable = f"CASE WHEN {row}own_bits_{label} & {UNRELIABLE} = 0 THEN 1 ELSE 0 END::smallint"
    return {
        label: f"{row}{label}::real",
        f"err_{label}": f"{row}err_{label}::real",
        f"flag_{label}": f"CASE WHEN {row}{label} IS NOT NULL THEN {reliable} END",
        f"bits_{label}": f"({bits})",
        f"raw_{label}": f"{row}raw_{label}",
        f"raw_err_{label}": f"{row}raw_err_{label}",
    }
