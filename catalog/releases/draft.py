"""A draft: what a release shall be made of, kept in a file below home until it is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from starledger.catalog.releases.errors import NoSuchDraft


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a release shall be made of.

    Parameters
    ----------
    name
        In commands, and of the PostgreSQL schema of its views.
    title, licence
        What its readers are told.
    models
        Names of its models; the first one that gives teff also tells of velocities and visits.
    combinations
        The combination run of each, in any order.
    quality, crossmatch
        Further runs; the quality runs of the combinations and the crossmatch behind the stars'
        Gaia identifiers come by themselves.
    calibrations
        Numbers of the versions to be applied.
    recommended
        The model that is recommended for a label, where several give it.
    citation, doi, description
        What its readers are told, too.
    """

    name: str
    title: str
    licence: str
    models: tuple[str, ...]
    combinations: tuple[int, ...]
    quality: tuple[int, ...] = ()
    crossmatch: tuple[int, ...] = ()
    calibrations: tuple[int, ...] = ()
    recommended: Mapping[str, str] = field(default_factory=dict)
    citation: str | None = None
    doi: str | None = None
    description: str = ""


def drafts_folder(home: Path) -> Path:
    """Return the folder of the drafts below the home folder."""
    return home / "drafts"


def keep_draft(home: Path, draft: Draft) -> Path:
    """Write a draft, in place of one of the same name, and return the path of its file."""
    folder = drafts_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{draft.name}.json"
    arriving = path.with_suffix(".new")
    arriving.write_text(json.dumps(asdict(draft), indent=2, ensure_ascii=False) + "\n", "utf-8")
    arriving.replace(path)
    return path


def read_draft(home: Path, name: str) -> Draft:
    """Return the draft of a name.

    Raises
    ------
    NoSuchDraft
        There is none, or its file is not one that `keep_draft` wrote.
    """
    path = drafts_folder(home) / f"{name}.json"
    try:
        return _draft(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise NoSuchDraft(
            f"There is no draft {name!r}.",
            remedy="`starledger release create` makes one; `starledger release list` shows all.",
        ) from None
    except (ValueError, TypeError, AttributeError) as error:
        raise NoSuchDraft(
            f"The file {path} holds no draft: {error}.",
            remedy="Make it again with `starledger release create`.",
        ) from error


def drafted(home: Path) -> list[str]:
    """Return the names of the drafts."""
    return sorted(path.stem for path in drafts_folder(home).glob("*.json"))


def forget_draft(home: Path, name: str) -> None:
    """Remove the file of a draft, if there is one."""
    (drafts_folder(home) / f"{name}.json").unlink(missing_ok=True)


def _draft(said: Mapping[str, object]) -> Draft:
    known = {one.name for one in fields(Draft)}
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    given: dict[str, Any] = {**said, **lists}
    return Draft(**{name: value for name, value in given.items() if name in known})
