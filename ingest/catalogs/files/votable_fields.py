"""What the columns of a VOTable hold: types, sizes and nulls."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pyarrow as pa

from starledger.ingest.catalogs.files.votable_head import BadXml, Field

NUMBERS = {
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}
_BYTES = {
    "boolean": 1, "unsignedByte": 1, "char": 1, "unicodeChar": 2, "short": 2, "int": 4, "long": 8,
    "float": 4, "double": 8, "floatComplex": 8, "doubleComplex": 16,
}  # fmt: skip
_SIZE = re.compile(r"(?:[0-9]{1,9}x)*(?:[0-9]{1,9}|[0-9]{0,9}\*)")
_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,19})\s*")


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a column holds.

    Parameters
    ----------
    name, datatype
        As FIELD says.
    count
        How many values a row has, characters of a text included; None where that varies.
    step
        How many values make one where their number varies, as ``8`` in ``8x*``.
    null
        The integer that says that there is no value.
    plain_text
        Whether a row has one text, not several.
    """

    name: str
    datatype: str
    count: int | None
    step: int = 1
    null: int | None = None
    plain_text: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it holds characters."""
        return self.datatype in {"char", "unicodeChar"}

    @property
    def unread(self) -> str | None:
        """What it holds that is not read, or None."""
        if self.datatype == "bit" and self.count != 1:
            return "several bits a row"
        if self.datatype in {"floatComplex", "doubleComplex"}:
            return "complex numbers"
        if self.is_text:
            return None if self.plain_text and self.count != 0 else "several texts a row"
        if self.count is None:
            return "arrays of varying length"
        return "nothing" if self.count == 0 else None

    def bytes_of(self, count: int) -> int:
        """Return how many bytes so many values take in binary rows."""
        return -(-count // 8) if self.datatype == "bit" else count * _BYTES[self.datatype]


def field_type(field: Field) -> FieldType:
    """Return what a column holds.

    Raises
    ------
    BadXml
        It is declared as VOTable does not have it.
    """
    size = field.arraysize
    if field.datatype not in _BYTES and field.datatype != "bit":
        raise BadXml(f"is damaged: column {field.name!r} is of unknown type {field.datatype!r}")
    if size is not None and not _SIZE.fullmatch(size.strip()):
        raise BadXml(f"is damaged: column {field.name!r} has the unknown size {size!r}")
    sizes = (size or "1").strip().split("x")
    varies = sizes[-1].endswith("*")
    fixed = math.prod(int(one) for one in (sizes[:-1] if varies else sizes))
    found = _INTEGER.fullmatch(field.null or "")
    return FieldType(
        field.name.strip(),
        field.datatype,
        None if varies else fixed,
        fixed if varies else 1,
        int(found[1]) if found else None,
        len(sizes) == 1,
    )
