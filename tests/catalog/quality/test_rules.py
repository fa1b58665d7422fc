"""Every flag that a quality run raises: a defect made for it raises it, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from starledger.catalog.quality.judging import QualitySettings, judge
from starledger.catalog.quality.rules import RULES
from starledger.schema.database import Database
from starledger.schema.flags import Flag, Scope, flag
from starledger.schema.flags import names as names_of
from tests.catalog.quality.clean_ledger import Clean
from tests.catalog.quality.made_sample import (
    NAMES,
    STARS,
    keep_references,
    references_of,
    small_payne,
)

pytestmark = pytest.mark.integration

FITTED = "UPDATE ledger.fit SET {} WHERE spectrum_id = :spectrum"
SOURCE = """
UPDATE ledger.gaia_source SET {} WHERE source_id = (SELECT max(gaia_dr3_source_id)
FROM ledger.star_version WHERE star_id = :star)
"""
NEIGHBOUR = """
INSERT INTO ledger.gaia_source (data_release_id, external_id, source_id, valid_from_run_id, ra,
    dec, healpix, phot_g_mean_mag)
SELECT data_release_id, (:star)::text, :star, valid_from_run_id, ra, dec, healpix,
    phot_g_mean_mag + {fainter}
FROM ledger.gaia_source WHERE row_id = (
    SELECT right_row_id FROM ledger.neighbourhood WHERE left_row_id = :spectrum)
"""
PAIR = """
INSERT INTO ledger.neighbourhood (crossmatch_run_id, left_row_id, right_row_id, origin, separation,
    rank, n_neighbours, n_mates)
SELECT :match, :spectrum, row_id, 'position', {separation}, 2, 2, 1 FROM ledger.gaia_source
WHERE source_id = :star
"""
ON_APOGEE = "UPDATE ledger.model_instrument SET instrument_id = :apogee WHERE model_id = :model"


def label(name: str, value: float | str) -> str:
    return FITTED.format(f"labels[{NAMES.index(name) + 1}] = {value}")


def beside(fainter: float, separation: float) -> tuple[str, str]:
    return NEIGHBOUR.format(fainter=fainter), PAIR.format(separation=separation)


@dataclass(frozen=True)
class Defect:
    """What is done to a star, and the flag that it must raise."""

    flag: Flag
    statements: tuple[str, ...] = ()
    label: str | None = None


FIT, LABEL, STAR = Scope.FIT, Scope.LABEL, Scope.STAR

DEFECTS = (
    Defect(flag(FIT, "chi2_excess"), (FITTED.format("chi2 = 10 * chi2"),)),
    Defect(flag(FIT, "chi2_excess_na"), (FITTED.format("extras[1] = 10 * extras[1]"),)),
    Defect(flag(FIT, "near_grid_edge"), (label("logg", 5.46),)),
    Defect(flag(FIT, "outside_training_range"), (label("fe_h", -1.8),)),
    Defect(flag(FIT, "kiel_extrapolated"), (label("teff", 7300.0),)),
    Defect(flag(FIT, "unreliable_regime"), (label("teff", 3800.0),)),
    Defect(flag(LABEL, "extrapolated"), (label("mg_fe", 0.8),), "mg_fe"),
    Defect(flag(LABEL, "window_chi2"), (FITTED.format("extras[2] = 10 * extras[2]"),), "mg_fe"),
    Defect(flag(LABEL, "upper_limit"), (FITTED.format("bounds[5] = 0.5"),), "mg_fe"),
    Defect(flag(LABEL, "gradient_unreliable"), (label("fe_h", 0.7),), "mg_fe"),
    Defect(
        flag(STAR, "binary_parallax"),
        (
            SOURCE.format(
                "phot_g_mean_mag = phot_g_mean_mag - 0.75,"
                " phot_bp_mean_mag = phot_bp_mean_mag - 0.75,"
                " phot_rp_mean_mag = phot_rp_mean_mag - 0.75"
            ),
        ),
    ),
    Defect(flag(STAR, "blended"), beside(fainter=2.5, separation=2.0)),
    Defect(flag(STAR, "ambiguous_match"), beside(fainter=0.5, separation=0.4)),
    Defect(flag(STAR, "high_ruwe"), (SOURCE.format("ruwe = 2.0"),)),
)

HARMLESS = (
    *((flag(STAR, name), beside(8.0, 0.4)) for name in ("blended", "ambiguous_match")),
    (flag(STAR, "blended"), beside(2.5, 4.0)),
    (flag(STAR, "ambiguous_match"), beside(0.5, 3.0)),
    (flag(FIT, "chi2_excess"), (FITTED.format("chi2 = 1.05 * chi2"),)),
    (flag(LABEL, "upper_limit"), (FITTED.format("bounds[5] = 0.2"),)),
    (flag(LABEL, "upper_limit"), (FITTED.format("bounds[1] = 500"),)),
    (flag(STAR, "high_ruwe"), (SOURCE.format("ruwe = 1.39"),)),
    (flag(STAR, "binary_parallax"), (SOURCE.format("phot_g_mean_mag = phot_g_mean_mag + 0.75"),)),
    (flag(FIT, "near_grid_edge"), (label("logg", 5.4),)),
)
"""What comes near to a defect, and the flag that it must not raise."""

Found = set[tuple[Scope, str, str | None]]
CASES = (*(one.statements for one in DEFECTS), *(statements for _, statements in HARMLESS))


def raised(database: Database, clean: Clean, root: Path) -> dict[int, Found]:
    """Judge, and return the flags of each star, its fit, and its labels."""
    run = judge(database, "small", QualitySettings(model_root=root))
    found: dict[int, Found] = {star: set() for star in range(STARS)}
    with database.engine().connect() as connection:
        fits = connection.execute(text(_OF_FITS), {"run": run}).all()
        stars = connection.execute(text(_OF_STARS), {"run": run}).all()
    place = {number: star for star, number in enumerate(clean.made.spectra)}
    for number, flags, label_flags in fits:
        some = found[place[number]]
        some |= {(FIT, name, None) for name in names_of(FIT, flags)}
        for label_name, bits in zip(NAMES, label_flags or [], strict=False):
            some |= {(LABEL, name, label_name) for name in names_of(LABEL, bits)}
    place = {number: star for star, number in enumerate(clean.made.stars)}
    for number, flags in stars:
        found[place[number]] |= {(STAR, name, None) for name in names_of(STAR, flags)}
    return found


_OF_FITS = """
SELECT spectrum_id, flags, label_flags FROM ledger.fit_quality WHERE quality_run_id = :run
"""
_OF_STARS = "SELECT star_id, flags FROM ledger.star_quality WHERE quality_run_id = :run"


@pytest.fixture(scope="module")
def database(clean: Clean) -> Iterator[Database]:
    with clean.copy() as database:
        yield database


@pytest.fixture(scope="module")
def good(database: Database, clean: Clean) -> list[int]:
    """Return dwarfs, one for each case, of which nothing is said while nothing is done to them."""
    found = raised(database, clean, clean.made.model_root)
    silent = [star for star in range(0, STARS, 2) if not found[star]]
    assert len(silent) > 0.95 * STARS / 2
    return silent[: len(CASES)]


@pytest.fixture(scope="module")
def worse(clean: Clean, good: list[int]) -> list[Found]:
    """Return what is said of the same stars, after something was done to each."""
    with clean.copy() as database:
        for star, statements in zip(good, CASES, strict=True):
            for statement in statements:
                clean.worsen(database, statement, star)
        found = raised(database, clean, clean.made.model_root)
    return [found[star] for star in good]


@pytest.mark.parametrize(
    "place", range(len(DEFECTS)), ids=lambda n: f"{DEFECTS[n].flag.scope}-{DEFECTS[n].flag.name}"
)
def test_a_defect_raises_its_flag(place: int, worse: list[Found]) -> None:
    defect = DEFECTS[place]
    assert (defect.flag.scope, defect.flag.name, defect.label) in worse[place]


@pytest.mark.parametrize(
    "place", range(len(HARMLESS)), ids=lambda n: f"{HARMLESS[n][0].scope}-{HARMLESS[n][0].name}"
)
def test_what_comes_near_raises_nothing(place: int, worse: list[Found]) -> None:
    harmless, _ = HARMLESS[place]
    said = {(scope, name) for scope, name, _ in worse[len(DEFECTS) + place]}
    assert (harmless.scope, harmless.name) not in said


def test_a_label_that_physics_contradicts_is_unreliable(
    database: Database, clean: Clean, good: list[int], tmp_path: Path
) -> None:
    root = _with_other_references(clean.made.model_root, tmp_path / "models")
    found = raised(database, clean, root)
    assert all(found[star] == {(LABEL, "gradient_unreliable", "mg_fe")} for star in good)


def _with_other_references(root: Path, other: Path) -> Path:
    """Return a folder of models whose reference stars respond to magnesium the other way round."""
    other.mkdir()
    (other / "payne").symlink_to(root / "payne")
    references = references_of(small_payne())
    turned = references.gradients.clone()
    turned[:, NAMES.index("mg_fe")] *= -1
    keep_references(other, replace(references, gradients=turned))
    return other


def test_a_label_that_its_authors_advise_against_is_not_recommended(
    database: Database, clean: Clean, good: list[int]
) -> None:
    first, second, *others = good
    clean.worsen(database, ON_APOGEE)
    clean.worsen(database, label("na_fe", "NULL"), first)
    found = raised(database, clean, clean.made.model_root)
    assert found[first] == set()
    assert found[second] == {(LABEL, "not_recommended", "na_fe")}
    assert all(found[star] == found[second] for star in others)


def test_each_rule_has_a_defect() -> None:
    tested = {defect.flag for defect in DEFECTS} | {flag(LABEL, "not_recommended")}
    assert tested == {one for rule in RULES for one in rule.flags}
