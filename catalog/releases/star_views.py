"""The views of stars: `star` with the recommended labels, and one of each model with all of its."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from starledger.catalog.fields import Field
from starledger.catalog.pinned_sql import listed
from starledger.catalog.releases.calibrating import label_expressions, laterals, raw_columns
from starledger.catalog.releases.columns import (
    Output,
    of_flag,
    of_label,
    of_table,
    readable_flags,
    readable_sql,
)
from starledger.catalog.releases.pinned_rows import (
    current,
    fits_of,
    members,
    reduced_chi2,
    star_versions,
)
from starledger.catalog.releases.plan import Matched, Part, Plan
from starledger.catalog.releases.views import Branch, View
from starledger.schema.flags import Scope, flags_of
from starledger.schema.labels import LABELS
from starledger.schema.prefixes import (
    BITS,
    CHI2,
    ERROR,
    FLAG,
    GRADIENT_CORRELATION,
    RAW,
    RAW_ERROR,
    SCATTER,
)
from starledger.schema.tables.crossmatches import MATCHED_TABLES
from starledger.schema.units import DIMENSIONLESS

INDEXED = (
    ("star_id",),
    ("gaia_dr3_source_id",),
    ("gaia_dr2_source_id",),
    ("healpix",),
    ("teff", "logg", "fe_h"),
)
"""By what copies of these views are indexed, as far as they have the columns."""

VELOCITY = {"rv": "rv", "err_rv": "err_rv", "scatter_rv": "rv_scatter"}
"""The velocity of a star by column of `combination`; a label rv stands before it."""

COUNTED = ("snr", "n_visits", "n_nights", "n_rejected", "best_spectrum_id")

OF_STAR = (
    *("star_id", "starid", "gaia_dr2_source_id", "gaia_dr3_source_id"),
    *("ra", "dec", "ref_epoch", "healpix", "pmra", "pmdec"),
)

_AROUND = (None, ERROR, FLAG, BITS, RAW, RAW_ERROR, SCATTER)
_ROW_ID = {table: "spectrum_id" if table == "spectrum" else "row_id" for table in MATCHED_TABLES}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a view of stars shows of one model: labels, and outputs of the fit of the best visit."""

    part: Part
    labels: tuple[str, ...]
    outputs: tuple[Output, ...]
    star_outputs: tuple[Output, ...]

    @property
    def row(self) -> str:
        """The name of the model's rows in the query."""
        return self.part.view


def star_views(plan: Plan) -> Iterator[View]:
    """Yield the view of recommended labels, and one of each model where there are several."""
    yield _view(
        plan,
        "star",
        "One row a star: who it is, and the labels that the release recommends.",
        [_recommended(plan, part) for part in plan.parts],
    )
    for part in plan.parts if len(plan.parts) > 1 else ():
        yield _view(
            plan,
            part.view,
            f"One row a star: all labels by the model {part.name}.",
            [Shown(part, part.labels, part.outputs, part.star_outputs)],
        )


def _recommended(plan: Plan, part: Part) -> Shown:
    """Return what the view of recommended labels shows of a model.

    What belongs to a label goes with it; all else is the primary model's.
    """
    labels = plan.recommends(part)
    primary = part is plan.primary

    def is_shown(output: Output) -> bool:
        label = label_of(output.column.name)
        return primary if label is None else label in labels

    star_outputs = part.star_outputs if primary else ()
    return Shown(part, labels, tuple(filter(is_shown, part.outputs)), star_outputs)


def label_of(output: str) -> str | None:
    """Return the label to which a declared column belongs, if to one.

    Examples
    --------
    >>> label_of("gradcorr_mg_fe"), label_of("chi2ratio")
    ('mg_fe', None)
    """
    for prefix in (GRADIENT_CORRELATION.text, CHI2.text):
        if output.startswith(prefix) and output.removeprefix(prefix) in LABELS:
            return output.removeprefix(prefix)
    return None


def _view(plan: Plan, name: str, description: str, shown: Sequence[Shown]) -> View:
    pairs = list(_columns(plan, shown))
    columns = tuple(column for column, _ in pairs)
    names = {column.name for column in columns}
    return View(
        name,
        description,
        columns,
        (Branch({column.name: sql for column, sql in pairs}, _source(plan, shown)),),
        indexed=tuple(group for group in INDEXED if names.issuperset(group)),
        sampled_by="star_id",
    )


def _columns(plan: Plan, shown: Sequence[Shown]) -> Iterator[tuple[Field, str]]:
    """Yield each column with its SQL."""
    first = shown[0].row
    labels = [(one.row, label) for one in shown for label in one.labels]
    for name in OF_STAR:
        yield of_table("star_version", name), f"version.{name}"
    for number, matched in _matched(plan):
        yield _match_column(matched), f"match_{number}.external_id"
    yield of_table("combination", "combination_run_id"), f"{first}.own_combination_run_id"
    for name in COUNTED:
        yield of_table("combination", name), f"{first}.own_{name}"
    if "rv" not in {label for _, label in labels}:
        for name, column in VELOCITY.items():
            yield of_table("combination", column).named(name), f"{first}.own_{column}"
    yield of_table("combination", "chi2").named("chi2_visits"), f"{first}.own_chi2"
    yield _REDUCED, f"{first}.own_reduced_chi2"
    yield from _flags(shown, labels)
    for row, label in labels:
        yield from _label(row, label)
    for one in shown:
        yield from _declared(one)


def _label(row: str, label: str) -> Iterator[tuple[Field, str]]:
    said = label_expressions(f"{row}.", label) | {f"scatter_{label}": f"{row}.own_scatter_{label}"}
    for prefix in _AROUND:
        column = of_label(label, prefix)
        yield column, said[column.name]


def _declared(one: Shown) -> Iterator[tuple[Field, str]]:
    """Yield what the model and the quality run declare beside labels."""
    for output in one.outputs:
        described = f"{output.column.description} (of the best visit)"
        yield output.column.described(described), f"{one.row}.fit_{output.column.name}"
    for output in one.star_outputs:
        yield output.column, f"{one.row}.of_star_{output.column.name}"


def _flags(
    shown: Sequence[Shown], labels: Sequence[tuple[str, str]]
) -> Iterator[tuple[Field, str]]:
    """Yield the flags of the star, as bits, in words and one by one."""
    bits = " | ".join(f"coalesce({one.row}.own_flags, 0)" for one in shown)
    bits = f"({bits})"
    yield of_table("combination", "flags"), bits
    said = readable_sql(Scope.STAR, bits)
    for column in readable_flags(Scope.STAR):
        yield column, said[column.name]
    for flag in flags_of(Scope.STAR):
        yield of_flag(flag), f"({bits} & {flag.mask}) <> 0"
    held = " OR ".join(f"coalesce({row}.held_{label}, false)" for row, label in labels)
    yield _HELD, held or "false"


_REDUCED = Field(
    "chi2",
    "real",
    DIMENSIONLESS,
    "stat.fit.chi2;arith.ratio",
    "chi squared of the fit of the best visit, over its degrees of freedom",
)
_HELD = Field(
    "calibration_held",
    "boolean",
    DIMENSIONLESS,
    "meta.code.qual",
    "whether a label lies outside the range of a calibration and got the correction of its edge",
)


def _match_column(matched: Matched) -> Field:
    return Field(
        f"{matched.right_name}_id",
        "text",
        DIMENSIONLESS,
        "meta.id.cross",
        f"identifier of the best match in {matched.right}",
    )


def _matched(plan: Plan) -> list[tuple[int, Matched]]:
    """Return the crossmatches that give stars an identifier, one of each data release.

    Those with Gaia are behind the stars themselves.
    """
    found: dict[str, Matched] = {}
    for one in plan.crossmatches:
        if one.left_table == "spectrum" and one.right_table not in ("gaia_source", "spectrum"):
            found.setdefault(one.right_name, one)
    return list(enumerate(found.values(), 1))


def _source(plan: Plan, shown: Sequence[Shown]) -> str:
    """Return the query of stars, from ``FROM`` on."""
    parts = [f"FROM ({star_versions(plan)}) version"]
    alone = len(shown) == 1
    for one in shown:
        join = "JOIN" if alone else "LEFT JOIN"
        rows = _calibrated(plan, one.part)
        parts.append(f"{join} (\n{rows}\n) {one.row} ON {one.row}.star_id = version.star_id")
    for number, matched in _matched(plan):
        parts.append(_match_join(plan, matched, f"match_{number}"))
    if not alone:
        known = " OR ".join(f"{one.row}.star_id IS NOT NULL" for one in shown)
        parts.append(f"WHERE {known}")
    return "\n".join(parts)


def _match_join(plan: Plan, matched: Matched, name: str) -> str:
    """Return the join that finds the best match of a star among those of its spectra."""
    same = [one.run_id for one in plan.crossmatches
            if (one.right_name, one.left_table) == (matched.right_name, "spectrum")]  # fmt: skip
    return (
        f"LEFT JOIN LATERAL (SELECT other.external_id FROM ({members(plan)}) member"  # noqa: S608
        "\n    JOIN ledger.neighbourhood near ON near.left_row_id = member.spectrum_id"
        f" AND near.crossmatch_run_id IN {listed(same)} AND near.rank = 1"
        f"\n    JOIN ledger.{matched.right_table} other"
        f" ON other.{_ROW_ID[matched.right_table]} = near.right_row_id"
        f"\n    WHERE member.star_id = version.star_id"
        f"\n    ORDER BY near.separation, near.right_row_id LIMIT 1) {name} ON true"
    )


def _calibrated(plan: Plan, part: Part) -> str:
    """Return the query of a model's stars: their labels calibrated, and what stands beside."""
    own = dict(_own(part))
    raw = raw_columns("c", part.labels)
    named = [f"{sql} AS {name}" for name, sql in own.items()]
    inner = ",\n    ".join(["c.star_id", "c.snr", "c.n_visits", *named, *raw])
    labels = [
        column
        for label in part.labels
        for column in (f"raw_{label}", f"raw_err_{label}", label, f"err_{label}", f"held_{label}")
    ]
    outer = ",\n  ".join(["own.star_id", *(f"own.{name}" for name in own), *labels])
    return (
        f"SELECT {outer}\nFROM (SELECT {inner}\n    FROM ({current(plan, part)}) c"  # noqa: S608
        f"{_beside(part)}) own\n{laterals(part.labels, part.calibrations)}"
    )


def _own(part: Part) -> Iterator[tuple[str, str]]:
    """Yield the columns of a model's row of a star, with their SQL."""
    judged = " | coalesce(judged.flags, 0)" if part.quality_run_id else ""
    yield "own_flags", f"c.flags{judged}"
    for name in ("combination_run_id", *COUNTED, *VELOCITY.values(), "chi2"):
        yield f"own_{name}", f"c.{name}"
    yield "own_reduced_chi2", reduced_chi2("best", len(part.labels))
    for position, label in enumerate(part.labels, 1):
        yield f"own_bits_{label}", f"coalesce(c.label_flags[{position}], 0)"
        yield f"own_scatter_{label}", f"c.scatter[{position}]"
    for output in part.outputs:
        array = "best_judged.outputs" if output in part.fit_outputs else "best.extras"
        yield f"fit_{output.column.name}", f"{array}[{output.position}]"
    for output in part.star_outputs:
        yield f"of_star_{output.column.name}", f"judged.outputs[{output.position}]"


def _beside(part: Part) -> str:
    """Return the joins of what stands beside a combination: its best visit's fit, and quality."""
    joins = (
        "\n    LEFT JOIN ledger.fit best ON best.spectrum_id = c.best_spectrum_id"
        f" AND {fits_of(part, 'best')}"
    )
    if part.quality_run_id:
        joins += (
            f"\n    LEFT JOIN ledger.star_quality judged"
            f" ON judged.quality_run_id = {part.quality_run_id} AND judged.star_id = c.star_id"
            f"\n    LEFT JOIN ledger.fit_quality best_judged"
            f" ON best_judged.quality_run_id = {part.quality_run_id}"
            f" AND best_judged.spectrum_id = c.best_spectrum_id"
        )
    return joins
