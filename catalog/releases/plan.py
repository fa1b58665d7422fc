"""What a release is made of, looked up: its models, their runs, and what each of them gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starledger.catalog.calibrate.forms import Calibration
from starledger.catalog.releases.columns import Output
from starledger.catalog.releases.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One model of a release, with the combination run that its labels come from.

    Parameters
    ----------
    model_id, name, system, sha256
        The model.
    fit_config_id
        How it was applied.
    combination_run_id
        The combination run.
    chain
        That run and those whose rows it reuses, the newest first.
    fit_runs
        The fit runs that these could use.
    quality_run_id
        The quality run whose flags and numbers stand beside them.
    kept_out_by
        The quality runs whose flags kept fits out of the combinations.
    spectrum_kind
        The kind of spectrum that was combined.
    as_of_run_id
        Fits, versions and withdrawals are those as of this run.
    labels
        The labels that it gives, in the order of its arrays.
    extras
        The further columns that it declares.
    fit_outputs, star_outputs
        Those of the quality run.
    calibrations
        Of its labels and errors.
    """

    model_id: int
    name: str
    system: str
    sha256: str
    fit_config_id: int
    combination_run_id: int
    chain: tuple[int, ...]
    fit_runs: tuple[int, ...]
    quality_run_id: int | None
    kept_out_by: tuple[int, ...]
    spectrum_kind: str
    as_of_run_id: int
    labels: tuple[str, ...]
    extras: tuple[Output, ...]
    fit_outputs: tuple[Output, ...]
    star_outputs: tuple[Output, ...]
    calibrations: tuple[Calibration, ...]

    @property
    def view(self) -> str:
        """The name of the view of its stars."""
        return f"star_{self.name}"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All that stands beside the labels of a fit; the quality run's goes before the model's."""
        judged = {one.column.name for one in self.fit_outputs}
        return (
            *self.fit_outputs,
            *(one for one in self.extras if one.column.name not in judged),
        )


@dataclass(frozen=True, slots=True)
class Matched:
    """A crossmatch run of a release.

    Parameters
    ----------
    run_id
        The run.
    left_table, right_table
        The tables of its rows.
    left_id, right_id
        The numbers of the data releases of these.
    left, right
        Their names, as ``survey/name/version:product``.
    right_name
        The right one as part of a column's name, such as ``galah_dr3``.
    """

    run_id: int
    left_table: str
    right_table: str
    left_id: int
    right_id: int
    left: str
    right: str
    right_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A draft that was checked against the ledger, and all that it stands for.

    Parameters
    ----------
    draft
        The draft.
    parts
        Its models, the primary one first: the one recommended for teff, or else the first named.
    star_runs
        The star run and those before it, the newest first.
    crossmatches
        The crossmatch runs.
    as_of
        Versions of spectra and withdrawals are those as of this run.
    unfinished
        Runs up to it that were open when the plan was made. What they may still write counts as
        never written, lest the past of the release change.
    recommended
        The name of the model recommended for each label.
    """

    draft: Draft
    parts: tuple[Part, ...]
    star_runs: tuple[int, ...]
    crossmatches: tuple[Matched, ...]
    as_of: int
    unfinished: tuple[int, ...]
    recommended: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the release, and of the schema of its views."""
        return self.draft.name

    @property
    def data_schema(self) -> str:
        """The schema of the copies."""
        return f"{self.draft.name}_data"

    @property
    def primary(self) -> Part:
        """The model that tells of velocities, visits and the fit as a whole."""
        return self.parts[0]

    @property
    def fit_runs(self) -> tuple[int, ...]:
        """The fit runs of all models."""
        return tuple(sorted({run for part in self.parts for run in part.fit_runs}))

    @property
    def combination_runs(self) -> tuple[int, ...]:
        """The combination runs of all models, with those whose rows they reuse."""
        return tuple(sorted({run for part in self.parts for run in part.chain}))

    @property
    def quality_runs(self) -> tuple[int, ...]:
        """The quality runs."""
        shown = {part.quality_run_id for part in self.parts if part.quality_run_id}
        return tuple(sorted(shown | {run for part in self.parts for run in part.kept_out_by}))

    @property
    def runs(self) -> tuple[int, ...]:
        """All runs that the release pins."""
        matched = {one.run_id for one in self.crossmatches}
        every = {*self.fit_runs, *self.combination_runs, *self.quality_runs, *self.star_runs}
        return tuple(sorted(every | matched))

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """The calibrations of all models."""
        return tuple(one for part in self.parts for one in part.calibrations)

    def recommends(self, part: Part) -> tuple[str, ...]:
        """Return the labels for which a model is recommended, in the order of its arrays."""
        return tuple(label for label in part.labels if self.recommended.get(label) == part.name)
