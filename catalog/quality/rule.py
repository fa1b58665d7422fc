"""The interface of every rule: which flags it raises, what it needs, how it judges a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from starledger.catalog.quality.batches import Batch, Bools, Floats
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Flag


class Subject(StrEnum):
    """What rows a rule judges."""

    FIT = "fit"
    STAR = "star"


@dataclass(frozen=True, slots=True)
class Output:
    """A number that a rule gives beside its flags, as its readers are told of it."""

    name: str
    unit: str
    ucd: str
    description: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found of a batch.

    Parameters
    ----------
    flags
        Where each flag is raised: rows, or rows × labels for flags of labels.
    outputs
        Numbers by the name of the output; NaN where there is none.
    """

    flags: Mapping[Flag, Bools]
    outputs: Mapping[str, Floats] = field(default_factory=dict)


class Case:
    """A rule at work on one sample: it sees the whole of it, settles, and judges.

    Most rules need to see nothing beforehand.
    """

    outputs: tuple[Output, ...] = ()
    learns: ClassVar[bool] = False
    """Whether it must see the sample before it can judge."""

    def see(self, batch: Batch) -> None:
        """Take in a batch of the sample."""

    def settle(self) -> Mapping[str, Any]:
        """Return what the sample gave, as JSON can hold it; from here on it can judge."""
        return {}

    def judge(self, batch: Batch) -> Verdict:
        """Return what is to be said of a batch."""
        raise NotImplementedError


class Simple(Case):
    """A rule that needs nothing but the batch."""

    def __init__(self, judge: Callable[[Batch], Verdict], outputs: tuple[Output, ...] = ()) -> None:
        self._judge, self.outputs = judge, outputs

    def judge(self, batch: Batch) -> Verdict:
        """Return what is to be said of a batch."""
        return self._judge(batch)


@dataclass(frozen=True, slots=True)
class Rule:
    """A producer of flags.

    Parameters
    ----------
    name
        In definitions and lists.
    subject
        What rows it judges.
    flags
        What it raises.
    needs
        Returns what is missing to judge fits of a model, as words behind "no data:"; None if
        nothing is.
    begin
        Returns the rule at work on one sample.
    """

    name: str
    subject: Subject
    flags: tuple[Flag, ...]
    needs: Callable[[Facts], str | None]
    begin: Callable[[Facts, Thresholds], Case]
