"""What Gaia says of a star: neighbours, doubtful matches, wobbles."""

from __future__ import annotations

from collections.abc import Callable

from starledger.catalog.quality.batches import Batch, Bools
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.rule import Case, Output, Rule, Simple, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Flag, Scope, flag

BLENDED = flag(Scope.STAR, "blended")
AMBIGUOUS_MATCH = flag(Scope.STAR, "ambiguous_match")
HIGH_RUWE = flag(Scope.STAR, "high_ruwe")

NEIGHBOUR_LIGHT = Output(
    "neighbour_light",
    "dimensionless",
    "phot.flux;arith.ratio",
    "Light in G of all other sources of Gaia around the spectrum, for one of the star's.",
)


def _flagged(
    raised: Flag,
    where: Callable[[Batch, Thresholds], Bools],
    outputs: tuple[Output, ...] = (),
) -> Callable[[Facts, Thresholds], Case]:
    def begin(_facts: Facts, thresholds: Thresholds) -> Case:
        def judge(batch: Batch) -> Verdict:
            given = {one.name: batch.column(one.name) for one in outputs}
            return Verdict({raised: where(batch, thresholds)}, given)

        return Simple(judge, outputs)

    return begin


def _crossmatched(facts: Facts) -> str | None:
    if facts.sky is not None and not facts.sky.crossmatches:
        return "no crossmatch of spectra with Gaia"
    return None


def _astrometry(facts: Facts) -> str | None:
    if facts.sky is not None and not facts.sky.ruwes:
        return "no star of the sample has a RUWE of Gaia"
    return None


BLEND = Rule(
    "blended",
    Subject.STAR,
    (BLENDED,),
    _crossmatched,
    _flagged(
        BLENDED,
        lambda batch, said: batch.column("neighbour_light") > said.blend_light,
        (NEIGHBOUR_LIGHT,),
    ),
)
MATCH = Rule(
    "ambiguous_match",
    Subject.STAR,
    (AMBIGUOUS_MATCH,),
    _crossmatched,
    _flagged(AMBIGUOUS_MATCH, lambda batch, _: batch.column("n_rivals") > 0),
)
WOBBLE = Rule(
    "high_ruwe",
    Subject.STAR,
    (HIGH_RUWE,),
    _astrometry,
    _flagged(HIGH_RUWE, lambda batch, said: batch.column("ruwe") > said.ruwe),
)
