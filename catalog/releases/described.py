"""The views of a release that has every label of the registry: for pages, without a database."""

from __future__ import annotations

from collections.abc import Iterator

from starledger.catalog.releases.draft import Draft
from starledger.catalog.releases.other_views import (
    column_info_view,
    crossmatch_view,
    flag_view,
    provenance_view,
)
from starledger.catalog.releases.plan import Part, Plan
from starledger.catalog.releases.star_views import star_views
from starledger.catalog.releases.views import View
from starledger.catalog.releases.visit_views import fit_view, visit_view
from starledger.schema.labels import LABELS

_MODEL = "model"


def views_of_all_labels() -> Iterator[View]:
    """Yield the views of a release of one model that gives all labels, in the order of a release.

    Examples
    --------
    >>> [view.name for view in views_of_all_labels()][:3]
    ['star', 'visit', 'fit']
    """
    plan = _plan()
    views = [*star_views(plan), visit_view(plan), fit_view(plan), crossmatch_view(plan)]
    yield from views
    yield from (flag_view(), column_info_view(views), provenance_view([{}]))


def _plan() -> Plan:
    # Velocities are fitted beside the labels, and have columns of their own.
    labels = tuple(name for name in LABELS if name != "rv")
    part = Part(
        model_id=1,
        name=_MODEL,
        system="payne",
        sha256="",
        fit_config_id=1,
        combination_run_id=1,
        chain=(1,),
        fit_runs=(1,),
        quality_run_id=None,
        kept_out_by=(),
        spectrum_kind="visit",
        as_of_run_id=1,
        labels=labels,
        extras=(),
        fit_outputs=(),
        star_outputs=(),
        calibrations=(),
    )
    return Plan(
        draft=Draft(name="release", title="", licence="", models=(_MODEL,), combinations=(1,)),
        parts=(part,),
        star_runs=(1,),
        crossmatches=(),
        as_of=1,
        unfinished=(),
        recommended=dict.fromkeys(labels, _MODEL),
    )
