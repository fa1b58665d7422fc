"""An answer: its rows, what its columns mean, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from starledger.catalog.export.about import About
from starledger.catalog.fields import Field
from starledger.catalog.query.errors import QueryRefused

if TYPE_CHECKING:
    from astropy.table import Table


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query.

    Parameters
    ----------
    fields
        Its columns, with unit, UCD and description.
    rows
        Its rows, as Arrow.
    truncated
        Whether there are more rows, which the limit cut off.
    about
        What files and tables say of it: release, query, versions, licence.
    sql
        What PostgreSQL was asked.
    notes
        What who asked should know: that it was cut, that a release was withdrawn, …
    """

    fields: tuple[Field, ...]
    rows: pa.Table
    truncated: bool
    about: About
    sql: str
    notes: tuple[str, ...] = ()

    def table(self) -> Table:
        """Return it as an astropy table, with units, descriptions and UCDs; nulls are masked."""
        from starledger.catalog.export.astropy_table import to_table

        return to_table(self.fields, self.rows, self.about)

    def arrow(self) -> pa.Table:
        """Return it as an Arrow table, whose columns' metadata hold unit, UCD and description."""
        described = [
            field.with_metadata(
                {"unit": said.unit, "ucd": said.ucd, "description": said.description}
            )
            for said, field in zip(self.fields, self.rows.schema, strict=True)
        ]
        about = dict(self.about.pairs)
        return self.rows.cast(pa.schema(described, metadata=about))

    def to_pandas(self) -> Any:
        """Return it as a data frame of pandas; integers stay exact where some are null.

        Raises
        ------
        QueryRefused
            pandas is not installed.
        """
        try:
            pd: Any = import_module("pandas")
        except ImportError:
            raise QueryRefused(
                "There is no pandas here.", remedy="Install it, or take .table() or .arrow()."
            ) from None
        kinds = {
            pa.int16(): pd.Int16Dtype(),
            pa.int32(): pd.Int32Dtype(),
            pa.int64(): pd.Int64Dtype(),
            pa.bool_(): pd.BooleanDtype(),
        }
        return self.rows.to_pandas(types_mapper=kinds.get)
