"""Things that are closed at the end of a ``with`` statement."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """The parent of what is closed at the end of a ``with`` statement, however that ends.

    Examples
    --------
    >>> class Door(Closing):
    ...     def close(self) -> None:
    ...         print("shut")
    >>> with Door() as door:
    ...     pass
    shut
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is held."""
        raise NotImplementedError
