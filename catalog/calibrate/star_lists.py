"""Lists of stars that a user gives: a CSV file with a header, star ids in it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from starledger.catalog.calibrate.evidence import Integers
from starledger.schema.errors import StarledgerError


class BadStarList(StarledgerError):
    """A list of stars that cannot be read."""


def read_star_list(path: Path, columns: tuple[str, ...]) -> Integers:
    """Return columns of star ids from a CSV file, rows × columns.

    Parameters
    ----------
    path
        A file whose first line names its columns; others than those asked for are left alone.
    columns
        Their names.

    Raises
    ------
    BadStarList
        A column is missing, or a row has something else than a number in it.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [name for name in columns if name not in (rows.fieldnames or [])]
            if missing:
                raise BadStarList(
                    f"{path} has no column {missing[0]}.",
                    remedy=f"Its first line must be {','.join(columns)}.",
                )
            found = [_numbers(path, number, row, columns) for number, row in enumerate(rows, 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadStarList(f"{path} cannot be read: {error}.", remedy="Name a CSV file.") from None
    return np.array(found, np.int64).reshape(-1, len(columns))


def _numbers(path: Path, line: int, row: dict[str, str], columns: tuple[str, ...]) -> list[int]:
    try:
        return [int(row[name]) for name in columns]
    except (TypeError, ValueError):
        raise BadStarList(
            f"Line {line} of {path} has no number of a star where one should be.",
            remedy="List numbers of ledger.star.",
        ) from None
