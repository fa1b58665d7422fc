"""The journal: what happens, logged to stderr for people or, on request, as JSON for programs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the moment: a progress bar takes its place for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message."""
        self.stream = sys.stderr
        super().emit(record)


def begin_journal(level: str = "warning", form: str = "text") -> None:
    """Send log messages of ours and of the libraries to stderr.

    Parameters
    ----------
    level
        The least severe message of ours that is shown: debug, info, warning or error.
        Libraries show warnings and errors only, unless it is debug.
    form
        ``text`` for people, ``json`` for programs: one object a line.
    """
    renderer = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The fancier ones print the values of variables, which may be secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    handler = _Stderr()
    tail: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        tail.append(structlog.processors.format_exc_info)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=[*tail, renderer])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    chosen = level.upper()
    root.setLevel(chosen if level in {"debug", "error"} else "WARNING")
    logging.getLogger("starledger").setLevel(chosen)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Put values, such as the number of the run, on every message logged inside.

    Examples
    --------
    >>> with bound(run=7):
    ...     structlog.contextvars.get_contextvars()
    {'run': 7}
    """
    with structlog.contextvars.bound_contextvars(**values):
        yield
