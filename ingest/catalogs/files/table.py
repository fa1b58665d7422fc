"""What every reader of a catalog's file gives: names, units, and rows in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starledger.schema.errors import StarledgerError

CONTENT_KEPT = 1000
"""Of a refused row so many characters are kept."""


class UnreadableTable(StarledgerError):
    """A file is damaged, cut off, or no table of a kind that we read."""

    def __init__(self, what: str, *, remedy: str = "Get the file again from the survey.") -> None:
        super().__init__(what, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was refused.

    Parameters
    ----------
    row_number
        Its number in the file, from 1, the header not counted.
    reason
        What was wrong with it, as a sentence without an end.
    content
        The row as text, as far as `CONTENT_KEPT`.
    external_id
        The survey's identifier, where it could be read.
    """

    row_number: int
    reason: str
    content: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Some rows of a file, as they stand in it.

    Parameters
    ----------
    columns
        The wanted columns under their names in the file. Text files give text, the others their
        own types; vectors are ``fixed_size_list``. A null is what the format itself says is one;
        sentinels are left as they are.
    row_numbers
        The number of each row in the file, from 1.
    refused
        Rows before, among or behind these that could not be read at all.
    """

    columns: pa.RecordBatch
    row_numbers: NDArray[np.int64]
    refused: Sequence[Refusal] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What a file says about itself before its rows are read.

    Parameters
    ----------
    names
        The columns' names as they stand in the file, without blanks around them.
    units, ucds
        The unit and the UCD of a column, where the file states one.
    types
        The type of a column, where a text file declares it, in the words of ECSV.
    rows
        How many rows there are, where the file says so.
    meta
        What else is said, such as keywords of a FITS header.
    """

    names: Sequence[str]
    units: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    ucds: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


class TableFile(Protocol):
    """A file that holds a catalog."""

    @property
    def about(self) -> About:
        """What the file says about itself."""

    def batches(self, wanted: Sequence[str]) -> Iterator[RawBatch]:
        """Yield the rows, of the wanted columns alone.

        Raises
        ------
        UnreadableTable
            The file is damaged or cut off; rows that came before must not be kept.
        """
