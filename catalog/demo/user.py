"""Somebody at the command line: the demonstration does nothing that a user could not type."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from starledger.schema.console import Exit, note
from starledger.schema.errors import StarledgerError


class CommandFailed(StarledgerError):
    """A command of the demonstration ended with an error."""


@dataclass(frozen=True)
class User:
    """Runs commands of Starledger in this process, and shows them.

    Parameters
    ----------
    root
        The command line.
    options
        What stands before each command: the folder of the demonstration's ledger.
    tell
        Called with each command line.
    """

    root: click.Command
    options: Sequence[str]
    tell: Callable[[str], None] = note

    def __call__(self, *words: object) -> Any:
        """Run a command that answers in JSON, and return its answer."""
        return json.loads(self.text(*words, "--json"))

    def text(self, *words: object) -> str:
        """Run a command and return what it printed.

        Raises
        ------
        CommandFailed
            Its exit code is not 0.
        """
        said = [str(word) for word in words]
        line = shlex.join(["starledger", *(word for word in said if word != "--json")])
        self.tell(f"  $ {line}")
        # Some commands write bytes.
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with contextlib.redirect_stdout(out):
            code = self.root.main(
                [*self.options, *said], prog_name="starledger", standalone_mode=False
            )
        if code == Exit.INTERRUPTED:
            raise KeyboardInterrupt
        if code:
            raise CommandFailed(
                f"`{line}` ended with exit code {code}.", remedy="What it said stands above."
            )
        out.seek(0)
        return out.read()
