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
SELECT data_release_id, '5', 5, valid_from_run_id, ra, dec, healpix, phot_g_mean_mag + {fainter}
FROM ledger.gaia_source WHERE row_id = (
    SELECT right_row_id FROM ledger.neighbourhood WHERE left_row_id = :spectrum)
"""
PAIR = """
INSERT INTO ledger.neighbourhood (crossmatch_run_id, left_row_id, right_row_id, origin, separation,
    rank, n_neighbours, n_mates)
SELECT :match, :spectrum, row_id, 'position', {separation}, 2, 2, 1 FROM ledger.gaia_source
WHERE source_id = 5
"""
ON_APOGEE = "UPDATE ledger.model_instrument SET instrument_id = :apogee WHERE model_id = :model"


def label(name: str, value: float | str) -> str:
    return FITTED.format(f"labels[{NAMES.index(name) + 1}] = {value}")


def beside(fainter: float, separation: float) -> tuple[str, str]:
    return NEIGHBOUR.format(fainter=fainter), PAIR.format(separation=separation)


@dataclass(frozen=True)
class Defect:
    """What is done to the first star, and the flag that it must raise."""

    flag: Flag
    statements: tuple[str, ...] = ()
    label: str | None = None
    references: bool = False


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
    Defect(flag(LABEL, "not_recommended"), (ON_APOGEE,), "na_fe"),
    Defect(flag(LABEL, "gradient_unreliable"), (), "mg_fe", references=True),
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
    *((name, beside(8.0, 0.4)) for name in ("blended", "ambiguous_match")),
    ("blended", beside(2.5, 4.0)),
    ("ambiguous_match", beside(0.5, 3.0)),
    ("chi2_excess", (FITTED.format("chi2 = 1.1 * chi2"),)),
    ("upper_limit", (FITTED.format("bounds[5] = 0.2"),)),
    ("upper_limit", (FITTED.format("bounds[1] = 500"),)),
    ("high_ruwe", (SOURCE.format("ruwe = 1.39"),)),
    ("binary_parallax", (SOURCE.format("phot_g_mean_mag = phot_g_mean_mag + 0.75"),)),
    ("near_grid_edge", (label("logg", 5.4),)),
    ("not_recommended", (ON_APOGEE, label("na_fe", "NULL"))),
)
"""What comes near to a defect, and the flag that it must not raise."""


def raised(database: Database, clean: Clean, root: Path) -> set[tuple[Scope, str, str | None]]:
    """Judge, and return the flags of the first star, its fit, and its labels."""
    run = judge(database, "small", QualitySettings(model_root=root))
    with database.engine().connect() as connection:
        asked = {"run": run, **clean.names}
        fit = connection.execute(
            text(
                "SELECT flags, label_flags FROM ledger.fit_quality"
                " WHERE quality_run_id = :run AND spectrum_id = :spectrum"
            ),
            asked,
        ).one_or_none()
        star = connection.execute(
            text(
                "SELECT flags FROM ledger.star_quality"
                " WHERE quality_run_id = :run AND star_id = :star"
            ),
            asked,
        ).scalar_one_or_none()
    found = {(Scope.STAR, name, None) for name in names_of(Scope.STAR, star or 0)}
    if fit is not None:
        found |= {(Scope.FIT, name, None) for name in names_of(Scope.FIT, fit.flags)}
        for label_name, bits in zip(NAMES, fit.label_flags or [], strict=False):
            found |= {(Scope.LABEL, name, label_name) for name in names_of(Scope.LABEL, bits)}
    return found


@pytest.fixture(scope="module")
def without_defect(clean: Clean) -> Iterator[set[tuple[Scope, str, str | None]]]:
    """Return what is said of the first star while nothing is wrong with it."""
    with clean.copy() as database:
        yield raised(database, clean, clean.made.model_root)


def test_nothing_is_said_of_a_good_star(
    without_defect: set[tuple[Scope, str, str | None]],
) -> None:
    assert without_defect == set()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: f"{d.flag.scope}-{d.flag.name}")
def test_a_defect_raises_its_flag(defect: Defect, clean: Clean, tmp_path: Path) -> None:
    root = clean.made.model_root
    if defect.references:
        root = _with_other_references(root, tmp_path / "models")
    with clean.copy(*defect.statements) as database:
        found = raised(database, clean, root)
    assert (defect.flag.scope, defect.flag.name, defect.label) in found


def _with_other_references(root: Path, other: Path) -> Path:
    """Return a folder of models whose reference stars respond to magnesium the other way round."""
    other.mkdir()
    (other / "payne").symlink_to(root / "payne")
    payne = small_payne()
    references = references_of(payne)
    turned = references.gradients.clone()
    turned[:, NAMES.index("mg_fe")] *= -1
    keep_references(other, replace(references, gradients=turned))
    return other


@pytest.mark.parametrize(("name", "statements"), HARMLESS)
def test_what_comes_near_raises_nothing(
    name: str, statements: tuple[str, ...], clean: Clean
) -> None:
    with clean.copy(*statements) as database:
        found = raised(database, clean, clean.made.model_root)
    assert name not in {raised_name for _, raised_name, _ in found}


def test_each_rule_has_a_defect() -> None:
    assert {defect.flag for defect in DEFECTS} == {one for rule in RULES for one in rule.flags}
