"""The kinds of column: how each type of PostgreSQL is kept in memory and in each format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from starledger.catalog.export.errors import ExportError
from starledger.catalog.fields import Field


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column: of values, or of arrays of them.

    Parameters
    ----------
    arrow
        Its type in memory.
    numpy
        That of a value in the rows of FITS and VOTable, whose bytes stand the other way round.
    fits
        The letter of its TFORM.
    votable, ecsv
        The name of a value's type there.
    is_array
        Whether a row holds an array of values.
    """

    arrow: pa.DataType
    numpy: str
    fits: str
    votable: str
    ecsv: str
    is_array: bool = False

    @property
    def value(self) -> Kind:
        """The kind of one value, where a row holds several."""
        return replace(self, arrow=self.arrow.value_type, is_array=False) if self.is_array else self

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers."""
        return self.numpy.startswith(">i")

    @property
    def is_float(self) -> bool:
        """Whether it holds floating point numbers."""
        return self.numpy.startswith(">f")

    @property
    def is_text(self) -> bool:
        """Whether it holds text."""
        return self.fits == "A"

    @property
    def smallest(self) -> int:
        """The smallest integer, which stands for null where a format has no other way."""
        return int(-(2 ** (8 * int(self.numpy[2:]) - 1)))


TEXT = Kind(pa.string(), "S", "A", "unicodeChar", "string")

_NUMBERS = {
    "smallint": Kind(pa.int16(), ">i2", "I", "short", "int16"),
    "integer": Kind(pa.int32(), ">i4", "J", "int", "int32"),
    "bigint": Kind(pa.int64(), ">i8", "K", "long", "int64"),
    "real": Kind(pa.float32(), ">f4", "E", "float", "float32"),
    "double precision": Kind(pa.float64(), ">f8", "D", "double", "float64"),
}

KINDS = {
    "boolean": Kind(pa.bool_(), "u1", "L", "boolean", "bool"),
    **_NUMBERS,
    **{
        f"{name}[]": replace(one, arrow=pa.list_(one.arrow), is_array=True)
        for name, one in _NUMBERS.items()
    },
    "text": TEXT,
    "timestamp with time zone": TEXT,
    "character varying": TEXT,
    "varchar": TEXT,
    "timestamp without time zone": TEXT,
}
"""The kind of each type of PostgreSQL that views have; times are written in ISO 8601, in UTC."""


def kind_of(field: Field) -> Kind:
    """Return the kind of a column.

    Raises
    ------
    ExportError
        Its type is none that files can hold.

    Examples
    --------
    >>> kind_of(Field("teff", "real", "K", "phys.temperature", "temperature")).fits
    'E'
    """
    if field.type not in KINDS:
        raise ExportError(
            f"The column {field.name} is of the type {field.type}, which no format here can hold.",
            remedy="Leave it out, or cast it to a number or to text.",
        )
    return KINDS[field.type]


def schema_of(fields: Sequence[Field]) -> pa.Schema:
    """Return the schema in memory of some columns."""
    return pa.schema([(field.name, kind_of(field).arrow) for field in fields])
