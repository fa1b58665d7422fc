"""Flags as SQL: whether a set of bits warns or condemns, made from the registry."""

from __future__ import annotations

from collections.abc import Sequence

from starledger.schema.flags import Flag, Scope, bad_mask, warn_mask


def union(bits: Sequence[str]) -> str:
    """Return the SQL of all bits of some columns together; null counts as none.

    Examples
    --------
    >>> union(["f.flags", "q.flags"])
    '(coalesce(f.flags, 0) | coalesce(q.flags, 0))'
    """
    return "(" + " | ".join(f"coalesce({one}, 0)" for one in bits) + ")"


def flag_bad(scope: Scope, *bits: str) -> str:
    """Return the SQL that is true where a flag tells against using the value.

    Parameters
    ----------
    scope
        Of the flags.
    *bits
        SQL of the bits, such as ``f.flags`` of the fit and ``q.flags`` of the quality run; of a
        label, ``f.label_flags[3]``.

    Examples
    --------
    >>> flag_bad(Scope.STAR, "c.flags")
    '((coalesce(c.flags, 0)) & 18) <> 0'
    """
    return f"({union(bits)} & {bad_mask(scope)}) <> 0"


def flag_warn(scope: Scope, *bits: str) -> str:
    """Return the SQL that is true where a flag calls for care.

    Examples
    --------
    >>> flag_warn(Scope.STAR, "c.flags", "q.flags")
    '((coalesce(c.flags, 0) | coalesce(q.flags, 0)) & 237) <> 0'
    """
    return f"({union(bits)} & {warn_mask(scope)}) <> 0"


def is_set(flag: Flag, *bits: str) -> str:
    """Return the SQL that is true where one flag is set: a column of its own for readers.

    Examples
    --------
    >>> from starledger.schema.flags import flag
    >>> is_set(flag(Scope.FIT, "chi2_excess"), "q.flags")
    '((coalesce(q.flags, 0)) & 32768) <> 0'
    """
    return f"({union(bits)} & {flag.mask}) <> 0"


def any_label_bad(labels: str, quality: str) -> str:
    """Return the SQL that is true where any label of a fit has a bad flag.

    Parameters
    ----------
    labels, quality
        SQL of the arrays of the fit and of the quality run; either may be null.

    Examples
    --------
    >>> any_label_bad("f.label_flags", "q.label_flags").count("unnest")
    2
    """
    some = "EXISTS (SELECT FROM unnest({}) a(bits) WHERE a.bits & {} <> 0)"
    arrays = (some.format(one, bad_mask(Scope.LABEL)) for one in (labels, quality))
    return f"({' OR '.join(arrays)})"
