"""The headers of a FITS file with one table: what it says of the release and of its columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from astropy.io.fits import Header

from starledger.catalog.export.about import About
from starledger.catalog.export.fits.checksum import added, text_of
from starledger.catalog.export.fits.text import MARK, NOTE
from starledger.catalog.export.kinds import kind_of
from starledger.catalog.fields import Field
from starledger.catalog.plain_ascii import plain_ascii
from starledger.schema.units import DIMENSIONLESS

_TAKEN = {
    *("SIMPLE", "BITPIX", "NAXIS", "EXTEND", "LONGSTRN", "TITLE", "COMMENT", "HISTORY", "END"),
    *("CONTINUE", "CHECKSUM", "DATASUM", "DATE", "XTENSION", "HIERARCH", "GROUPS", "BLOCKED"),
}
"""Keywords that mean something else."""

_LINE = 70
"""Signs of a line for astropy; one more, a backslash, says that it goes on."""


def primary(about: About) -> bytes:
    """Return the header of the file, which says what it is and what it was made of."""
    header = Header()
    header["SIMPLE"] = (True, "conforms to the FITS standard")
    header["BITPIX"] = 8
    header["NAXIS"] = 0
    header["EXTEND"] = True
    _allow_long(header)
    header["TITLE"] = plain_ascii(about.title)
    taken = set(_TAKEN)
    for key, value in about.pairs:
        keyword = _keyword(key, taken)
        taken.add(keyword)
        header[keyword] = plain_ascii(value)
    header["COMMENT"] = plain_ascii(about.description)
    return sealed(header, 0)


def _keyword(key: str, taken: set[str]) -> str:
    letters = "".join(one for one in plain_ascii(key).upper() if one.isalnum())[:8] or "ABOUT"
    found, number = letters, 1
    while found in taken:
        number += 1
        found = f"{letters[: 8 - len(str(number))]}{number}"
    return found


def of_table(name: str, fields: Sequence[Field]) -> Header:
    """Return the header of the table, which does not tell its size nor checksums yet.

    Parameters
    ----------
    name
        Its name.
    fields
        Its columns.
    """
    header = Header()
    header["XTENSION"] = ("BINTABLE", "binary table")
    header["BITPIX"] = 8
    header["NAXIS"] = 2
    header["NAXIS1"] = (0, "bytes of a row")
    header["NAXIS2"] = (0, "rows")
    header["PCOUNT"] = 0
    header["GCOUNT"] = 1
    header["TFIELDS"] = (len(fields), "columns")
    _allow_long(header)
    header["EXTNAME"] = plain_ascii(name)
    for number, field in enumerate(fields, 1):
        for key, value in _column(field):
            header[f"{key}{number}"] = value
    header[MARK[0]] = (MARK[1], "how texts in columns are escaped")
    header["COMMENT"] = NOTE
    for line in _for_astropy(fields):
        header["COMMENT"] = line
    return header


def tell_size(
    header: Header, fields: Sequence[Field], widths: Mapping[str, int], row: int, rows: int
) -> None:
    """Tell in a header how large the table is.

    Parameters
    ----------
    header
        That of the table.
    fields
        Its columns.
    widths
        How many bytes the texts of each column have, or values its arrays.
    row
        How many bytes a row has.
    rows
        How many rows there are.
    """
    header["NAXIS1"], header["NAXIS2"] = row, rows
    for number, field in enumerate(fields, 1):
        kind = kind_of(field)
        if kind.is_text or kind.is_array:
            header[f"TFORM{number}"] = f"{widths[field.name]}{kind.fits}"


def _for_astropy(fields: Sequence[Field]) -> Iterator[str]:
    """Yield the comments in which astropy looks for descriptions and UCDs."""
    yield "--BEGIN-ASTROPY-SERIALIZED-COLUMNS--"
    yield "datatype:"
    for field in fields:
        said = {
            "name": plain_ascii(field.name),
            "datatype": kind_of(field).ecsv,
            "description": plain_ascii(field.description),
            "meta": {"ucd": field.ucd},
        }
        line = f"- {json.dumps(said)}"
        while len(line) > _LINE:
            yield line[:_LINE] + "\\"
            line = line[_LINE:]
        yield line
    yield "meta: {__serialized_columns__: {}}"
    yield "--END-ASTROPY-SERIALIZED-COLUMNS--"


def _column(field: Field) -> Iterator[tuple[str, str | int]]:
    kind = kind_of(field)
    yield "TTYPE", plain_ascii(field.name)
    yield "TFORM", f"1{kind.fits}"
    if field.unit != DIMENSIONLESS:
        yield "TUNIT", field.unit
    if kind.is_integer:
        yield "TNULL", kind.smallest
    yield "TUCD", field.ucd
    yield "TCOMM", plain_ascii(field.description)


def _allow_long(header: Header) -> None:
    header["LONGSTRN"] = ("OGIP 1.0", "long texts go on in CONTINUE")


def sealed(header: Header, datasum: int) -> bytes:
    """Return the bytes of a header with the checksum of its data and its own.

    Parameters
    ----------
    header
        The header.
    datasum
        The checksum of the data.
    """
    header["DATASUM"] = (str(datasum), "checksum of the data")
    header["CHECKSUM"] = ("0" * 16, "checksum of header and data")
    total = added(datasum, header.tostring().encode("ascii"))
    header["CHECKSUM"] = text_of(total)
    return str(header.tostring()).encode("ascii")
