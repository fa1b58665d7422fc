"""The order of rows in a file, which is the same each time: on the sky, else by the key."""

from __future__ import annotations

from collections.abc import Sequence

from starledger.catalog.fields import Field

_KEYS = {
    "visit": ("spectrum_id",),
    "fit": ("spectrum_id", "model"),
    "crossmatch": ("crossmatch_run_id", "left_row_id", "right_row_id"),
    "flag": ("scope", "bit"),
    "column_info": ("table_name", "position"),
}
"""What tells the rows of a view apart; of stars it is their number."""

_SKY = ("healpix", "star_id")
"""Where a view has them, what lies together on the sky lies together in the file."""


def key_of(view: str, fields: Sequence[Field]) -> tuple[str, ...]:
    """Return the columns that tell the rows of a view apart and are never null.

    Examples
    --------
    >>> key_of("fit", ())
    ('spectrum_id', 'model')
    """
    if view == "star" or view.startswith("star_"):
        return ("star_id",)
    return _KEYS.get(view, tuple(field.name for field in fields))


def order_of(view: str, fields: Sequence[Field]) -> tuple[str, ...]:
    """Return the columns by which the rows of a view are sorted, so that no two may swap.

    Parameters
    ----------
    view
        Its name.
    fields
        All its columns.
    """
    names = {field.name for field in fields}
    on_sky = _SKY if "healpix" in names else ()
    wanted = (*on_sky, *key_of(view, fields))
    return tuple(name for name in dict.fromkeys(wanted) if name in names)


def identifiers(view: str, fields: Sequence[Field]) -> tuple[str, ...]:
    """Return the columns of a view that are its identifiers, free of null by design.

    Examples
    --------
    >>> identifiers("provenance", ())
    ()
    """
    known = view in _KEYS or view == "star" or view.startswith("star_")
    return key_of(view, fields) if known else ()
