import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.schema.flags import (
    FLAGS,
    Flag,
    Scope,
    Source,
    UnknownFlag,
    bad_mask,
    flag,
    flags_of,
    mask,
    names,
    warn_mask,
)

# Published rows hold these bits. Lines may be added at the end of a scope; none may ever change.
DECLARED = """
spectrum  0 missing_errors
spectrum  1 low_snr
spectrum  2 non_finite_flux
spectrum  3 negative_flux
spectrum  4 many_bad_pixels
spectrum  5 telluric_residual
spectrum  6 sky_residual
spectrum  7 bright_neighbour
spectrum  8 no_survey_rv
spectrum  9 wavelength_offset
spectrum 10 survey_warning
spectrum 11 survey_bad
spectrum 12 not_a_star
fit       0 failed
fit       1 too_few_pixels
fit       2 not_converged
fit       3 non_finite
fit       4 singular_covariance
fit       5 at_bound
fit       6 rv_at_edge
fit       7 ambiguous_minimum
fit       8 edge_pixels
fit       9 outside_training_range
fit      10 near_grid_edge
fit      11 kiel_extrapolated
fit      12 unreliable_regime
fit      13 fast_rotator
fit      14 high_chi2
fit      15 chi2_excess
fit      16 chi2_excess_na
fit      17 double_lined
label     0 at_bound
label     1 scan_at_bound
label     2 scan_differs_sigma
label     3 scan_differs_dex
label     4 unconstrained
label     5 outside_training_range
label     6 extrapolated
label     7 gradient_unreliable
label     8 window_chi2
label     9 upper_limit
label    10 not_recommended
label    11 unphysical
label    12 no_error
label    13 calibration_held
label    14 visits_disagree
star      0 binary_parallax
star      1 double_lined
star      2 rv_variable
star      3 outliers_rejected
star      4 no_clean_visit
star      5 blended
star      6 ambiguous_match
star      7 high_ruwe
"""

scopes = pytest.mark.parametrize("scope", Scope)
all_flags = pytest.mark.parametrize("each", FLAGS, ids=lambda each: f"{each.scope}-{each.name}")


@st.composite
def some_flags(draw: st.DrawFn) -> tuple[Scope, list[Flag]]:
    scope = draw(st.sampled_from(Scope))
    return scope, draw(st.lists(st.sampled_from(flags_of(scope)), unique=True))


def test_no_bit_was_ever_renumbered() -> None:
    declared = [line.split() for line in DECLARED.strip().splitlines()]
    assert [[each.scope.value, str(each.bit), each.name] for each in FLAGS] == declared


@scopes
def test_bits_of_a_scope_are_dense_and_fit_a_bigint(scope: Scope) -> None:
    bits = [each.bit for each in flags_of(scope)]
    assert bits == list(range(len(bits)))
    assert bits[-1] <= 62


@all_flags
def test_a_flag_is_named_and_explained(each: Flag) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", each.name)
    assert re.fullmatch(r"[A-Z].*[^.\s]\.", each.meaning)
    assert ". " not in each.meaning
    assert each.published is None or each.source is not Source.STARLEDGER


@all_flags
def test_a_set_bit_is_never_good_news(each: Flag) -> None:
    assert not set(each.name.split("_")) & {
        "good",
        "ok",
        "reliable",
        "clean",
        "valid",
        "single",
    } or (each.name.startswith("no_"))


def test_meanings_are_unique() -> None:
    assert len({each.meaning for each in FLAGS}) == len(FLAGS)


@scopes
def test_a_flag_is_either_a_warning_or_bad(scope: Scope) -> None:
    everything = mask(scope, *(each.name for each in flags_of(scope)))
    assert warn_mask(scope) | bad_mask(scope) == everything
    assert warn_mask(scope) & bad_mask(scope) == 0
    assert warn_mask(scope)
    assert bad_mask(scope)


@given(some_flags())
def test_names_and_masks_are_inverse(drawn: tuple[Scope, list[Flag]]) -> None:
    scope, chosen = drawn
    bits = mask(scope, *(each.name for each in chosen))
    by_bit = [each.name for each in sorted(chosen, key=lambda each: each.bit)]
    assert names(scope, bits) == by_bit
    assert 0 <= bits < 2**63


@given(st.sampled_from(Scope), st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_any_integer_is_named_whole_or_refused(scope: Scope, bits: int) -> None:
    declared = warn_mask(scope) | bad_mask(scope)
    if bits & ~declared:
        with pytest.raises(UnknownFlag, match=str(bits)):
            names(scope, bits)
    else:
        assert mask(scope, *names(scope, bits)) == bits


def test_a_name_twice_sets_its_bit_once() -> None:
    assert mask(Scope.FIT, "failed", "failed") == mask(Scope.FIT, "failed")


@scopes
def test_nothing_set_has_no_names(scope: Scope) -> None:
    assert mask(scope) == 0
    assert names(scope, 0) == []


def test_an_unknown_name_is_told_the_names_of_its_scope() -> None:
    with pytest.raises(UnknownFlag) as caught:
        mask(Scope.STAR, "high_ruwe", "not_converged")
    assert "'not_converged'" in caught.value.what
    assert all(each.name in caught.value.remedy for each in flags_of(Scope.STAR))


def test_the_same_name_in_two_scopes_is_two_flags() -> None:
    assert flag(Scope.FIT, "at_bound") != flag(Scope.LABEL, "at_bound")


def test_the_payne_writes_its_flags_in_the_order_of_our_bits() -> None:
    # Table 2 of Ting et al. (2019) has "vmac > 20kms ; chi2_R > 50".
    texts = [each.published for each in flags_of(Scope.FIT) if each.source is Source.THE_PAYNE]
    assert [text for text in texts if text] == ["vmac > 20kms", "chi2_R > 50"]


def test_phdlspec_has_its_four_digits() -> None:
    digits = [each.published for each in flags_of(Scope.LABEL) if each.source is Source.PHDLSPEC]
    assert [digit for digit in digits if digit] == ["F1 = 1", "F2 = 1", "F3 = 1", "F4 = 1"]


@pytest.mark.parametrize("source", Source)
def test_every_paper_has_flags(source: Source) -> None:
    assert any(each.source is source for each in FLAGS)


def test_a_flag_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FLAGS[0].bit = 1  # type: ignore[misc]
