"""The quality flags: every bit that we set on a spectrum, a fit, a label or a star, declared once.

A set bit always says that something is wrong or worth knowing, never that all is well: 0 is good.
A bit is fixed for ever, because published rows hold it. A new flag takes the next bit of its scope;
a flag that is no longer set keeps its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from starledger.schema.errors import StarledgerError


class UnknownFlag(StarledgerError):
    """The scope has no flag of that name, or none with that bit."""


class Scope(StrEnum):
    """What a flag is about, and so which column holds its bit."""

    SPECTRUM = "spectrum"
    FIT = "fit"
    LABEL = "label"
    STAR = "star"


class Severity(StrEnum):
    """How much a set bit matters: use the value with care, or not without a reason of your own."""

    WARN = "warn"
    BAD = "bad"


class Source(StrEnum):
    """Whose rule a flag follows."""

    THE_PAYNE = "Ting et al. 2019 (The Payne)"
    DD_PAYNE = "Xiang et al. 2019 (DD-Payne)"
    THE_CANNON = "Wheeler et al. 2020 (The Cannon)"
    BOSS_NET = "Sizemore et al. 2024 (BOSS Net)"
    PHDLSPEC = "PhDLspec"
    GALAH = "Buder et al. 2018 (GALAH DR2)"
    STARLEDGER = "Starledger"


@dataclass(frozen=True)
class Flag:
    """A quality flag.

    Parameters
    ----------
    scope
        What it is about.
    bit
        Its bit among the flags of its scope, fixed for ever; 62 is the last one that leaves a
        PostgreSQL ``bigint`` positive.
    severity
        Whether to use a flagged value with care or not at all.
    name
        Its spelling in Python, SQL and exports.
    meaning
        What it says when it is set, in one sentence.
    source
        Whose rule it follows.
    published
        How the catalog of the source writes it, where it does.

    Examples
    --------
    >>> flag(Scope.FIT, "high_chi2").published
    'chi2_R > 50'
    """

    scope: Scope
    bit: int
    severity: Severity
    name: str
    meaning: str
    source: Source = Source.STARLEDGER
    published: str | None = None

    @property
    def mask(self) -> int:
        """The integer in which only this flag is set."""
        return 1 << self.bit


_spectrum = partial(Flag, Scope.SPECTRUM)
_fit = partial(Flag, Scope.FIT)
_label = partial(Flag, Scope.LABEL)
_star = partial(Flag, Scope.STAR)

_WARN, _BAD = Severity.WARN, Severity.BAD

# Two or three lines a flag: laid out by hand, so that the whole table can be read at once.
# fmt: off
FLAGS: tuple[Flag, ...] = (
    _spectrum(0, _BAD, "missing_errors",
        "The survey gives no usable flux errors, so that the pixels cannot be weighted."),
    _spectrum(1, _WARN, "low_snr",
        "The signal-to-noise ratio per pixel is below 20 in every band, so that errors of labels "
        "are large and may be underestimated."),
    _spectrum(2, _WARN, "non_finite_flux",
        "Some pixels hold values that are not finite and were masked."),
    _spectrum(3, _BAD, "negative_flux",
        "The median flux is zero or negative, as when too much sky was subtracted."),
    _spectrum(4, _WARN, "many_bad_pixels",
        "The survey marks more than ten pixels bad, as from cosmic rays or detector faults.",
        Source.DD_PAYNE),
    _spectrum(5, _WARN, "telluric_residual",
        "Absorption by the Earth's atmosphere is left in pixels that are not masked."),
    _spectrum(6, _WARN, "sky_residual",
        "Emission of the night sky is left in pixels that are not masked."),
    _spectrum(7, _WARN, "bright_neighbour",
        "Light of a brighter source on a neighbouring fibre may have leaked in."),
    _spectrum(8, _WARN, "no_survey_rv",
        "The survey gives no radial velocity with which to shift the spectrum to rest."),
    _spectrum(9, _WARN, "wavelength_offset",
        "The wavelengths of this data release are known to be off by several km/s, and radial "
        "velocities with them.",
        Source.BOSS_NET),
    _spectrum(10, _WARN, "survey_warning",
        "The survey's own pipeline warns of this spectrum in words that are kept beside it."),
    _spectrum(11, _BAD, "survey_bad",
        "The survey's own pipeline calls this spectrum bad in words that are kept beside it."),
    _spectrum(12, _BAD, "not_a_star",
        "The survey's own pipeline classifies the source as a galaxy, a quasar or unknown.",
        Source.DD_PAYNE),

    _fit(0, _BAD, "failed",
        "The fit gave no labels, for the reason that stands in its row."),
    _fit(1, _BAD, "too_few_pixels",
        "Masks and missing data left fewer pixels than the model needs."),
    _fit(2, _BAD, "not_converged",
        "The fit did not converge within its allowed steps."),
    _fit(3, _BAD, "non_finite",
        "A label, an error or χ² came out infinite or not a number and is missing."),
    _fit(4, _BAD, "singular_covariance",
        "The curvature of χ² is singular, so that the fit has labels without errors."),
    _fit(5, _WARN, "at_bound",
        "At least one label stopped at a bound of the fit, as the flags of the labels say, or the "
        "width of the lines did."),
    _fit(6, _BAD, "rv_at_edge",
        "The radial velocity stopped at the edge of its range, so that the true one may lie "
        "beyond and no label can be trusted."),
    _fit(7, _WARN, "ambiguous_minimum",
        "Fits from several starting points ended at different labels with nearly the same χ²."),
    _fit(8, _WARN, "edge_pixels",
        "The radial velocity moved pixels beyond the ends of the emulator's wavelengths, where "
        "they were left out."),
    _fit(9, _WARN, "outside_training_range",
        "Effective temperature, surface gravity and [Fe/H] lie together outside the range of the "
        "training set, so that all labels are extrapolated.",
        Source.DD_PAYNE),
    _fit(10, _BAD, "near_grid_edge",
        "Effective temperature, surface gravity or [Fe/H] lies so near to the edge of the "
        "training grid (50 K or 0.05 dex) that the edge may hold it there.",
        Source.THE_PAYNE),
    _fit(11, _BAD, "kiel_extrapolated",
        "Effective temperature or surface gravity lies where cross-validation shows that the "
        "model does not extrapolate.",
        Source.THE_CANNON, "keil_extrap"),
    _fit(12, _BAD, "unreliable_regime",
        "The authors of the model found its labels wrong for stars of this kind (The Payne: "
        "dwarfs below 4000 K; BOSS Net: stars above 7000 K behind over 3 mag of extinction)."),
    _fit(13, _BAD, "fast_rotator",
        "Macroturbulence above 20 km/s stands for fast rotation, which the model does not have.",
        Source.THE_PAYNE, "vmac > 20kms"),
    _fit(14, _BAD, "high_chi2",
        "The reduced χ² is above 50.",
        Source.THE_PAYNE, "chi2_R > 50"),
    _fit(15, _BAD, "chi2_excess",
        "The χ² is far above that of spectra of like signal-to-noise ratio, effective temperature "
        "and [Fe/H] (chi2ratio over 5 at S/N below 200, rising to 15 over 500).",
        Source.DD_PAYNE, "qflag_chi2 = bad"),
    _fit(16, _WARN, "chi2_excess_na",
        "The χ² at the sodium lines (5880–5910 Å) is far above that of like spectra, so that the "
        "sodium abundance is doubtful.",
        Source.DD_PAYNE, "qflag_chi2na = bad"),
    _fit(17, _BAD, "double_lined",
        "Two stars fit the spectrum much better than one, so that the labels of one star are "
        "wrong."),

    _label(0, _BAD, "at_bound",
        "The label stopped at a bound of the fit.",
        Source.PHDLSPEC, "F1 = 1"),
    _label(1, _BAD, "scan_at_bound",
        "The lowest χ² of a scan over this label alone is at a bound of the fit.",
        Source.PHDLSPEC, "F2 = 1"),
    _label(2, _WARN, "scan_differs_sigma",
        "The fit and a scan of χ² over this label alone differ by more than three standard "
        "errors.",
        Source.PHDLSPEC, "F3 = 1"),
    _label(3, _BAD, "scan_differs_dex",
        "The fit and a scan of χ² over this label alone differ by 0.3 dex or more.",
        Source.PHDLSPEC, "F4 = 1"),
    _label(4, _WARN, "unconstrained",
        "The noise leaves the label nearly free: its Cramér–Rao bound is over a sixth of the "
        "range of the fit."),
    _label(5, _WARN, "outside_training_range",
        "The label lies outside the values that the model was trained on.",
        Source.DD_PAYNE),
    _label(6, _BAD, "extrapolated",
        "The label lies where cross-validation shows that the model does not extrapolate.",
        Source.THE_CANNON, "x_fe_extrap"),
    _label(7, _BAD, "gradient_unreliable",
        "The model's response to the label is not that of physical spectra, so that the label may "
        "be guessed from others that go along with it.",
        Source.DD_PAYNE, "X_flag = 0"),
    _label(8, _WARN, "window_chi2",
        "The χ² in the windows of the label's own lines is high, so that the star may be peculiar "
        "or the label wrong.",
        Source.THE_CANNON),
    _label(9, _WARN, "upper_limit",
        "The lines of the element are weaker than twice the noise, so that the abundance is an "
        "upper limit.",
        Source.GALAH, "flag_x_fe & 1"),
    _label(10, _BAD, "not_recommended",
        "The authors of the model advise against this label for all stars (The Payne: Na, P, V, "
        "Co, Ge; DD-Payne: Li, Sc, V, Zn, Y, Eu)."),
    _label(11, _BAD, "unphysical",
        "No star can have the value: it lies outside the physical range of the label."),
    _label(12, _WARN, "no_error",
        "The label has a value without an error."),
    _label(13, _WARN, "calibration_held",
        "The star lies outside the range of a calibration and got the correction of its edge.",
        Source.PHDLSPEC),
    _label(14, _WARN, "visits_disagree",
        "The visits of the star scatter by more than their errors allow."),

    _star(0, _WARN, "binary_parallax",
        "The star is brighter than its spectrum and parallax allow for one star by more than "
        "three standard errors, as a binary or multiple system is.",
        Source.DD_PAYNE, "qflag_singlestar = NO"),
    _star(1, _BAD, "double_lined",
        "At least one visit shows the lines of two stars."),
    _star(2, _WARN, "rv_variable",
        "The radial velocity varies between visits by more than its errors allow."),
    _star(3, _WARN, "outliers_rejected",
        "At least one visit disagreed so much with the others that it was left out."),
    _star(4, _BAD, "no_clean_visit",
        "No visit has a fit free of bad flags, so that labels are missing or come from bad fits."),
    _star(5, _WARN, "blended",
        "Another source is near and bright enough to add to the light in the fibre."),
    _star(6, _WARN, "ambiguous_match",
        "More than one source of a catalog could be this star, so that the match may be wrong."),
    _star(7, _WARN, "high_ruwe",
        "Gaia's astrometry fits a single star badly (RUWE above 1.4), as for many binaries."),
)
# fmt: on
"""All flags, by scope and bit."""

_BY_NAME: Mapping[Scope, Mapping[str, Flag]] = MappingProxyType(
    {
        scope: MappingProxyType({flag.name: flag for flag in FLAGS if flag.scope is scope})
        for scope in Scope
    }
)


def flags_of(scope: Scope) -> tuple[Flag, ...]:
    """Return the flags of a scope, by bit.

    Examples
    --------
    >>> [flag.name for flag in flags_of(Scope.STAR)][:2]
    ['binary_parallax', 'double_lined']
    """
    return tuple(_BY_NAME[scope].values())


def flag(scope: Scope, name: str) -> Flag:
    """Return a flag by its name.

    Raises
    ------
    UnknownFlag
        The scope has none of that name.

    Examples
    --------
    >>> flag(Scope.FIT, "not_converged").bit
    2
    """
    try:
        return _BY_NAME[scope][name]
    except KeyError:
        raise UnknownFlag(
            f"There is no flag {name!r} of a {scope}.", remedy=f"Its flags: {_listed(scope)}."
        ) from None


def mask(scope: Scope, *names: str) -> int:
    """Return the integer in which the named flags are set, and no others.

    Raises
    ------
    UnknownFlag
        The scope has none of one of the names.

    Examples
    --------
    >>> mask(Scope.FIT, "failed", "not_converged")
    5
    """
    bits = 0
    for name in names:
        bits |= flag(scope, name).mask
    return bits


def names(scope: Scope, bits: int) -> list[str]:
    """Return the names of the flags that are set, by bit.

    Raises
    ------
    UnknownFlag
        A bit is set that no flag of the scope owns.

    Examples
    --------
    >>> names(Scope.FIT, 5)
    ['failed', 'not_converged']
    """
    if bits & ~(warn_mask(scope) | bad_mask(scope)):
        raise UnknownFlag(
            f"The flags {bits} of a {scope} have a bit that this software does not know.",
            remedy="They were set by a newer version: upgrade.",
        )
    return [flag.name for flag in flags_of(scope) if bits & flag.mask]


def warn_mask(scope: Scope) -> int:
    """Return all flags of a scope that call for care.

    Examples
    --------
    >>> names(Scope.SPECTRUM, warn_mask(Scope.SPECTRUM))[0]
    'low_snr'
    """
    return _mask_of(scope, Severity.WARN)


def bad_mask(scope: Scope) -> int:
    """Return all flags of a scope that tell against using the value.

    Examples
    --------
    >>> names(Scope.STAR, bad_mask(Scope.STAR))
    ['double_lined', 'no_clean_visit']
    """
    return _mask_of(scope, Severity.BAD)


def _mask_of(scope: Scope, severity: Severity) -> int:
    return sum(flag.mask for flag in flags_of(scope) if flag.severity is severity)


def _listed(scope: Scope) -> str:
    return ", ".join(_BY_NAME[scope])
