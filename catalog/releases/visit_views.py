"""The views of visits: `visit`, what was observed, and `fit`, what each model made of it."""

from __future__ import annotations

from collections.abc import Iterator

from starledger.catalog.fields import Field
from starledger.catalog.releases.calibrating import label_expressions, laterals, raw_columns
from starledger.catalog.releases.columns import of_label, of_table, readable_flags, readable_sql
from starledger.catalog.releases.pinned_rows import (
    current,
    fits_of,
    fits_of_any,
    members,
    reduced_chi2,
    still_valid,
)
from starledger.catalog.releases.plan import Part, Plan
from starledger.catalog.releases.views import Branch, View, quoted
from starledger.schema.flags import Scope
from starledger.schema.prefixes import BITS, BOUND, ERROR, FLAG, RAW, RAW_ERROR
from starledger.schema.units import DIMENSIONLESS

_OBSERVED = (
    *("external_id", "version", "kind", "arm"),
    *("mjd_mid", "time_scale", "night", "exposure_time", "frame", "frame_shift"),
    *("ra", "dec", "ref_epoch", "healpix", "snr", "snr_u", "snr_g", "snr_r", "snr_i", "snr_z"),
    *("rv", "err_rv", "class_name", "subclass", "gaia_dr2_source_id", "gaia_dr3_source_id"),
    *("survey_flags", "flags", "file_name", "sha256", "shard_row"),
)
_RENAMED = {"mjd_mid": "mjd"}

_FITTED = ("fit_run_id", "outcome", "reason", "line_variance", "n_pixels", "n_iterations")
_LATER = ("fitted_at", "software_version")
_AROUND = (None, ERROR, BOUND, FLAG, BITS, RAW, RAW_ERROR)


def visit_view(plan: Plan) -> View:
    """Return the view of the visits that were fitted."""
    pairs = list(_visit_columns())
    source = (
        "FROM ledger.spectrum s\n"
        f"JOIN ({members(plan)}) member ON member.spectrum_id = s.spectrum_id\n"
        "JOIN ledger.data_release d ON d.data_release_id = s.data_release_id\n"
        "JOIN ledger.survey survey ON survey.survey_id = d.survey_id\n"
        "JOIN ledger.instrument i ON i.instrument_id = s.instrument_id\n"
        "JOIN ledger.shard shard ON shard.shard_id = s.shard_id\n"
        "WHERE EXISTS (SELECT FROM ledger.fit f WHERE f.spectrum_id = s.spectrum_id"
        f" AND {fits_of_any(plan, 'f')})\n"
        f"    AND {still_valid(plan, 's')}"
    )
    return View(
        "visit",
        "One row a spectrum that was fitted: what was observed, when, and where its pixels are.",
        tuple(column for column, _ in pairs),
        (Branch({column.name: sql for column, sql in pairs}, source),),
        indexed=(("spectrum_id",), ("star_id",), ("healpix",)),
        sampled_by="star_id",
    )


def _visit_columns() -> Iterator[tuple[Field, str]]:
    yield of_table("spectrum", "spectrum_id"), "s.spectrum_id"
    yield of_table("star_member", "star_id"), "member.star_id"
    yield (
        _UQFLAG,
        "row_number() OVER (PARTITION BY member.star_id ORDER BY s.snr DESC NULLS LAST,"
        " s.spectrum_id)",
    )
    yield of_table("survey", "name").named("survey"), "survey.name"
    yield of_table("data_release", "name").named("data_release"), "d.name"
    yield of_table("data_release", "version").named("data_release_version"), "d.version"
    yield of_table("instrument", "name").named("instrument"), "i.name"
    for name in _OBSERVED:
        column = of_table("spectrum", name)
        if name == "rv":
            column = column.described("barycentric radial velocity by the survey's pipeline")
        yield column.named(_RENAMED.get(name, name)), f"s.{name}"
        if name == "flags":
            said = readable_sql(Scope.SPECTRUM, "s.flags")
            for readable in readable_flags(Scope.SPECTRUM):
                yield readable, said[readable.name]
    yield of_table("shard", "path").named("shard"), "shard.path"


_UQFLAG = Field(
    "uqflag",
    "bigint",
    DIMENSIONLESS,
    "stat.rank",
    "rank of the visit among those of its star by signal-to-noise ratio; 1 is the best",
)


def fit_view(plan: Plan) -> View:
    """Return the view of the fits of all models, with their labels as columns."""
    columns = _fit_columns(plan)
    return View(
        "fit",
        "One row a visit and model: the labels of the visit, failed fits with their reason too.",
        columns,
        tuple(_fit_branch(plan, part) for part in plan.parts),
        indexed=(("spectrum_id",), ("star_id",), ("model", "star_id")),
        sampled_by="star_id",
    )


def _fit_columns(plan: Plan) -> tuple[Field, ...]:
    labels = dict.fromkeys(label for part in plan.parts for label in part.labels)
    outputs = {one.column.name: one.column for part in plan.parts for one in part.outputs}
    velocity = [] if "rv" in labels else [of_label("rv"), of_label("rv", ERROR)]
    return (
        of_table("fit", "spectrum_id"),
        of_table("star_member", "star_id"),
        of_table("model", "name").named("model"),
        _COMBINED,
        *(of_table("fit", name) for name in _FITTED),
        *velocity,
        of_table("fit", "chi2"),
        _REDUCED,
        of_table("fit", "flags"),
        *readable_flags(Scope.FIT),
        _HELD,
        *(of_label(label, prefix) for label in labels for prefix in _AROUND),
        *outputs.values(),
        *(of_table("fit", name) for name in _LATER),
    )


_COMBINED = Field(
    "combined",
    "text",
    DIMENSIONLESS,
    "meta.code.status",
    "whether it went into the star's combination: used, rejected as an outlier, or left out",
)
_REDUCED = Field(
    "reduced_chi2",
    "real",
    DIMENSIONLESS,
    "stat.fit.chi2;arith.ratio",
    "chi squared of the fit over its degrees of freedom",
)
_HELD = Field(
    "calibration_held",
    "boolean",
    DIMENSIONLESS,
    "meta.code.qual",
    "whether a label lies outside the range of a calibration and got the correction of its edge",
)


def _fit_branch(plan: Plan, part: Part) -> Branch:
    own = dict(_own(part))
    said = {name: f"own.{name}" for name in ("spectrum_id", "star_id", *_FITTED, *_LATER)}
    said |= {"model": quoted(part.name) + "::text", "combined": "own.combined"}
    said |= {"chi2": "own.chi2", "reduced_chi2": "own.reduced_chi2", "flags": "own.own_flags"}
    if "rv" not in part.labels:
        said |= {"rv": "own.own_rv", "err_rv": "own.own_err_rv"}
    said |= readable_sql(Scope.FIT, "own.own_flags")
    held = " OR ".join(f"coalesce(held_{label}, false)" for label in part.labels)
    said["calibration_held"] = held
    for label in part.labels:
        said |= label_expressions("", label)
        said[f"crlb_{label}"] = f"own.crlb_{label}"
    for output in part.outputs:
        said[output.column.name] = f"own.out_{output.column.name}"
    return Branch(said, _fit_source(plan, part, own))


def _own(part: Part) -> Iterator[tuple[str, str]]:
    """Yield the columns of a fit that stand beside its labels, with their SQL."""
    yield "spectrum_id", "f.spectrum_id"
    yield "star_id", "member.star_id"
    # From these calibrations make the S/N of one visit.
    yield "snr", "s.snr"
    yield "n_visits", "1"
    for name in (*_FITTED, *_LATER, "chi2"):
        yield name, f"f.{name}"
    yield (
        "combined",
        "CASE WHEN f.spectrum_id = ANY (c.spectrum_ids) THEN 'used'"
        " WHEN f.spectrum_id = ANY (c.rejected_ids) THEN 'rejected' ELSE 'left out' END",
    )
    yield "reduced_chi2", reduced_chi2("f", len(part.labels))
    # Wavelengths as the observer saw them do not tell the star's own velocity.
    seen = "s.frame <> 'topocentric'"
    yield "own_rv", f"(CASE WHEN {seen} THEN f.rv + coalesce(s.frame_shift, 0) END)::real"
    yield "own_err_rv", f"CASE WHEN {seen} THEN f.err_rv END"
    judged = part.quality_run_id is not None
    yield "own_flags", "f.flags | coalesce(judged.flags, 0)" if judged else "f.flags"
    for position, label in enumerate(part.labels, 1):
        bits = f"coalesce(f.label_flags[{position}], 0)"
        more = f" | coalesce(judged.label_flags[{position}], 0)" if judged else ""
        yield f"own_bits_{label}", bits + more
        yield f"crlb_{label}", f"f.bounds[{position}]"
    for output in part.outputs:
        array = "judged.outputs" if output in part.fit_outputs else "f.extras"
        yield f"out_{output.column.name}", f"{array}[{output.position}]"


def _fit_source(plan: Plan, part: Part, own: dict[str, str]) -> str:
    """Return the query of a model's fits, from ``FROM`` on."""
    named = [f"{sql} AS {name}" for name, sql in own.items()]
    inner = ",\n    ".join([*named, *raw_columns("f", part.labels)])
    quality = (
        "\n    LEFT JOIN ledger.fit_quality judged"
        f" ON judged.quality_run_id = {part.quality_run_id}"
        " AND judged.spectrum_id = f.spectrum_id"
        if part.quality_run_id
        else ""
    )
    return (
        f"FROM (SELECT {inner}\n    FROM ledger.fit f"  # noqa: S608
        "\n    JOIN ledger.spectrum s ON s.spectrum_id = f.spectrum_id"
        f"\n    JOIN ({members(plan)}) member ON member.spectrum_id = f.spectrum_id{quality}"
        f"\n    LEFT JOIN ({current(plan, part)}) c ON c.star_id = member.star_id"
        f"\n    WHERE {fits_of(part, 'f')}\n    AND {still_valid(plan, 's')}) own\n"
        f"{laterals(part.labels, part.calibrations)}"
    )
