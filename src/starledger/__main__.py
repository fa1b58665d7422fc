"""The command line's root: loads the settings, finds the group, and ends with a true exit code."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from starledger import __version__
from starledger.schema.errors import StarledgerError
from starledger.schema.journal import begin_journal
from starledger.schema.settings import load_settings

COMMANDS = {
    "calibrate": "starledger.catalog.calibrate.commands:calibrate",
    "combination": "starledger.catalog.combine.commands:combination",
    "combine": "starledger.catalog.combine.commands:combine",
    "crossmatch": "starledger.ingest.crossmatch.commands:crossmatch",
    "db": "starledger.schema.commands:db",
    "demo": "starledger.catalog.demo.command:demo",
    "doctor": "starledger.catalog.commands:doctor",
    "export": "starledger.catalog.export.commands:export",
    "fit": "starledger.compute.fit_commands:fit",
    "ingest": "starledger.ingest.commands:ingest",
    "model": "starledger.compute.model_commands:model",
    "plot": "starledger.catalog.plots.commands:plot",
    "quality": "starledger.catalog.quality.commands:quality",
    "query": "starledger.catalog.query.commands:query",
    "release": "starledger.catalog.releases.commands:release",
    "simulate": "starledger.compute.commands:simulate",
    "spectrum": "starledger.catalog.star_spectra.command:spectrum",
    "stars": "starledger.ingest.stars.commands:stars",
    "status": "starledger.catalog.commands:status",
    "why": "starledger.catalog.why.command:why",
    "withdraw": "starledger.ingest.withdrawal_commands:withdraw",
    "worker": "starledger.compute.worker_command:worker",
}
"""Where each group or command is; it is imported when it is first asked for."""

EXIT_CODES = """\b
Exit codes:
    0  everything that was asked for was done
    1  the command ran, but something was refused, is broken or differs
    2  nothing was done: the input cannot be used; one line says what to do
    3  a mistake of the software; --debug shows where
  130  interrupted; what was finished is kept, the same command goes on
"""

INTERRUPTED = "Interrupted; what was finished is kept. Run the same command again to go on."


class LazyGroup(click.Group):
    """A group whose commands are imported when they are first asked for."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    cls=LazyGroup,
    # Only their names count: click lists them, and looks among them for what a typo meant.
    commands={name: click.Command(name) for name in COMMANDS},
    epilog=EXIT_CODES,
    context_settings={"max_content_width": 100},
)
@click.option(
    "--database",
    "database_url",
    metavar="URL",
    help="A PostgreSQL server and database, such as postgresql://me@host/stars; the embedded"
    " server where none is given.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the embedded database, the shards and the models.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="The least severe message that is logged to stderr.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How messages are logged.")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.version_option(__version__, prog_name="starledger")
@click.pass_context
def root(context: click.Context, /, debug: bool, **flags: Any) -> None:  # noqa: ARG001
    """Keep a ledger of stars: spectra in, traceable catalogs of stellar labels out.

    Every option can also be set by a variable (STARLEDGER_DATABASE_URL, STARLEDGER_HOME, …) or
    in config.toml; `starledger doctor` shows each value and where it came from.
    """
    context.obj = load_settings(flags)
    settings = context.obj.settings
    begin_journal(settings.log_level, settings.log_format)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with a code that tells the truth."""
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    try:
        code = root.main(given, prog_name="starledger", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo(INTERRUPTED, err=True)
        code = 130
        # Under `python -m`, CPython remembers that an interrupt hit code made from text, and would
        # end by its signal whatever we say; when more such code is run, it forgets.
        exec("")  # noqa: S102 - nothing is run
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except StarledgerError as error:
        code = _complain(f"Error: {error}", error.exit_code, debug=debug)
    except Exception as error:  # the last resort, which tells how to learn more
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        code = _complain(
            f"A mistake of the software: {what} (run again with --debug to see where).",
            3,
            debug=debug,
        )
    sys.exit(code if isinstance(code, int) else 0)


def _complain(line: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    click.echo(line, err=True)
    return code


if __name__ == "__main__":
    main()
