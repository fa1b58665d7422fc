"""The formats of files that rows are written in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from starledger.catalog.export.errors import ExportError


class Format(StrEnum):
    """A format of files, by the ending of their names.

    Examples
    --------
    >>> Format.of(Path("stars.vot"))
    <Format.VOTABLE: 'votable'>
    """

    FITS = "fits"
    PARQUET = "parquet"
    VOTABLE = "votable"
    CSV = "csv"
    ECSV = "ecsv"
    JSON = "json"

    @property
    def ending(self) -> str:
        """The ending of names of such files."""
        return ".vot" if self is Format.VOTABLE else f".{self.value}"

    @classmethod
    def of(cls, path: Path) -> Format:
        """Return the format that the name of a file means.

        Raises
        ------
        ExportError
            Its ending is none of ours.
        """
        ending = path.suffix.lower()
        if ending not in ENDINGS:
            raise ExportError(
                f"The name {path.name!r} does not say in which format to write.",
                remedy=f"Let it end in one of {', '.join(ENDINGS)}.",
            )
        return ENDINGS[ending]


ENDINGS = {one.ending: one for one in Format} | {
    ".fit": Format.FITS,
    ".xml": Format.VOTABLE,
    ".votable": Format.VOTABLE,
}
"""The format of each ending."""
