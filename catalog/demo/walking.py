"""Go through the stages of the demonstration, the ones that are done left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from starledger.catalog.demo.journal import Journal
from starledger.catalog.demo.stages import Demo, Stage


def walk(
    stages: Sequence[Stage], demo: Demo, journal: Journal, tell: Callable[[str], None]
) -> None:
    """Do all stages that are not done, and keep each in the journal.

    Parameters
    ----------
    stages
        In their order.
    demo
        What they work on; its facts are those of the journal.
    journal
        What is done.
    tell
        Called with a line for each stage as it begins and ends.
    """
    for number, stage in enumerate(stages, 1):
        head = f"[{number}/{len(stages)}] {stage.title}"
        if stage.name in journal.done:
            tell(f"{head}: done before. {journal.done[stage.name]['said']}")
            continue
        tell(head)
        began = time.monotonic()
        said = stage.act(demo)
        seconds = time.monotonic() - began
        journal.keep(stage.name, said, seconds)
        tell(f"  {said} ({seconds:.0f} s)")
