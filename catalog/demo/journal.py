"""What the demonstration has done, kept in a file, so that it can be gone on with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starledger.catalog.export.arriving import arriving, make_folder
from starledger.schema.errors import StarledgerError


class OtherDemo(StarledgerError):
    """The folder holds a demonstration of another kind, or something else."""


@dataclass
class Journal:
    """The stages that are done, and what later ones need of them.

    Parameters
    ----------
    path
        Of the file.
    kind
        What demonstration it is: its size and quality.
    done
        By the name of each stage that is done: the sentence that was said, and its seconds.
    facts
        Numbers of runs, versions of calibrations and the like, by name.
    """

    path: Path
    kind: dict[str, str]
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def opened(cls, path: Path, kind: dict[str, str]) -> Journal:
        """Read the journal, or begin one in a new folder.

        Raises
        ------
        OtherDemo
            It is of another kind, or its folder holds something that is no demonstration.
        """
        if not path.exists():
            # It tells whose folder this is, before anything else is in there.
            if path.parent.exists() and any(path.parent.iterdir()):
                raise OtherDemo(
                    f"{path.parent} holds something that is no demonstration.",
                    remedy="Move it away, or choose another folder with --home.",
                )
            make_folder(path.parent)
            begun = cls(path, kind)
            begun._write()
            return begun
        kept = json.loads(path.read_text())
        if kept["kind"] != kind:
            raise OtherDemo(
                f"{path.parent} holds a demonstration with"
                f" {' and '.join(f'--{name} {value}' for name, value in kept['kind'].items())}.",
                remedy="Go on with that one, or remove it with `starledger demo --clean` first.",
            )
        return cls(path, kind, kept["done"], kept["facts"])

    def keep(self, stage: str, said: str, seconds: float) -> None:
        """Write down that a stage is done; the file is whole at any moment."""
        self.done[stage] = {"said": said, "seconds": round(seconds, 1)}
        self._write()

    def _write(self) -> None:
        kept = {"kind": self.kind, "done": self.done, "facts": self.facts}
        with arriving(self.path) as file:
            file.write(json.dumps(kept, indent=2).encode())
