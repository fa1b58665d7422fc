import dataclasses
import math
import pickle
import re
import subprocess
import sys

import pytest
from astropy import units
from hypothesis import given
from hypothesis import strategies as st

from starledger.schema.labels import (
    ELEMENTS,
    LABELS,
    RepeatedLabel,
    UnknownLabel,
    label,
    label_order,
)
from starledger.schema.units import DIMENSIONLESS, checked_ucd, checked_unit

# What each paper measures, copied from its text and tables.
ELEMENTS_OF = {
    "The Payne": "C N O Na Mg Al Si P S K Ca Ti V Cr Mn Fe Co Ni Cu Ge",
    "DD-Payne": "Li C N O Na Mg Al Si Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Ba Eu",
    "The Cannon": "O Si Ca Ti Eu Sc Y Mg Al Mn Ba Fe",
    "The Cannon, windows": "Al Ba Ca Co Cr Cu Eu K La Li Mg Mn Na Ni O Sc Si Ti V Y Zn",
    "BOSS Net": "Fe",
    "PhDLspec": "C N O Na Mg Al Si S K Ca Sc Ti V Cr Mn Co Ni Cu Zn Sr Y Zr Ba Au La Ce Pr Nd Sm "
    "Eu Fe",
}
PARAMETERS_OF = {
    "The Payne": "teff logg vmic vmac c12_c13 rv",
    "DD-Payne": "teff logg vmic rv fe_h alpha_fe",
    "The Cannon": "teff logg vmic fe_h alpha_fe sprocess_fe",
    "BOSS Net": "teff logg fe_h rv",
    "PhDLspec": "teff logg vmic fe_h",
    "The surveys": "m_h alpha_m vsini",
}
PERIODIC_TABLE = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb "
    "Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg"
)
# The values that the papers' grids, training sets or cuts reach.
REACHED = {
    "teff": (1_700, 100_000),
    "logg": (0, 10),
    "vmic": (0.1, 3),
    "vmac": (0, 30),
    "c12_c13": (1, 125),
    "fe_h": (-4, 0.5),
    "mg_fe": (-1, 1),
    "c_fe": (-1.5, 1.5),
    "eu_fe": (-1.5, 2),
}


@pytest.mark.parametrize("paper", ELEMENTS_OF)
def test_every_element_of_every_paper_is_a_label(paper: str) -> None:
    symbols = ELEMENTS_OF[paper].lower().split()
    assert {f"{symbol}_h" for symbol in symbols} <= LABELS.keys()
    assert {f"{symbol}_fe" for symbol in symbols if symbol != "fe"} <= LABELS.keys()


def test_no_element_is_a_label_that_no_paper_measures() -> None:
    measured = " ".join(ELEMENTS_OF.values()).split()
    assert {element.symbol for element in ELEMENTS} == set(measured)


@pytest.mark.parametrize("paper", PARAMETERS_OF)
def test_every_parameter_of_every_paper_is_a_label(paper: str) -> None:
    assert set(PARAMETERS_OF[paper].split()) <= LABELS.keys()


def test_the_elements_are_those_of_the_periodic_table() -> None:
    symbols = PERIODIC_TABLE.split()
    assert all(symbols[element.number - 1] == element.symbol for element in ELEMENTS)
    numbers = [element.number for element in ELEMENTS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("name", LABELS)
def test_a_label_is_complete(name: str) -> None:
    found = LABELS[name]
    assert found.name == name
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert checked_unit(found.unit)
    assert checked_ucd(found.ucd)
    assert found.low < found.high
    assert math.isfinite(found.low)
    assert math.isfinite(found.high)
    assert found.latex.count("$") % 2 == 0
    assert found.latex.count("{") == found.latex.count("}")


@pytest.mark.parametrize("name", LABELS)
def test_a_description_is_one_sentence_with_the_quantity_in_it(name: str) -> None:
    found = LABELS[name]
    assert re.fullmatch(r"\S.*\S\.", found.description)
    assert ". " not in found.description.replace("et al. ", "")
    assert found.description[0].isupper()
    assert found.quantity.lower() in found.description.lower()


def test_names_and_texts_are_unique() -> None:
    for field in ("name", "quantity", "description", "plain", "latex"):
        texts = [getattr(found, field) for found in LABELS.values()]
        assert len(set(texts)) == len(texts), field


@pytest.mark.parametrize("name", REACHED)
def test_the_physical_range_holds_what_the_papers_reach(name: str) -> None:
    assert all(LABELS[name].is_physical(value) for value in REACHED[name])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -9999.0, -999.0, 999999.0])
def test_no_sentinel_of_a_survey_is_physical_for_an_abundance(value: float) -> None:
    assert not any(
        found.is_physical(value) for found in LABELS.values() if found.unit.startswith("dex")
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -9999.0, -999999.0])
def test_no_sentinel_of_a_survey_is_physical_for_any_label(value: float) -> None:
    assert not any(found.is_physical(value) for found in LABELS.values())


def test_units_are_those_of_the_quantities() -> None:
    assert units.Unit(LABELS["teff"].unit) == units.K
    assert units.Unit(LABELS["logg"].unit) == units.dex(units.cm / units.s**2)
    for name in ("vmic", "vmac", "vsini", "rv"):
        assert units.Unit(LABELS[name].unit) == units.km / units.s
    assert LABELS["c12_c13"].unit == DIMENSIONLESS
    abundances = [name for name in LABELS if name.endswith(("_h", "_fe", "_m"))]
    assert {LABELS[name].unit for name in abundances} == {"dex"}


def test_sulphur_is_not_the_s_process() -> None:
    sulphur = LABELS["s_fe"].element
    assert sulphur is not None
    assert sulphur.number == 16
    assert LABELS["sprocess_fe"].element is None


def test_the_registry_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        LABELS["teff"] = LABELS["logg"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        LABELS["teff"].unit = "km/s"  # type: ignore[misc]


def test_teff_comes_first_and_each_group_by_atomic_number() -> None:
    assert list(LABELS)[:2] == ["teff", "logg"]
    for ending in ("_h", "_fe"):
        numbers = [
            found.element.number
            for name, found in LABELS.items()
            if found.element and name.endswith(ending) and name != "fe_h"
        ]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("given_name", "meant"),
    [
        ("Teff", "teff"),
        ("TEFF", "teff"),
        ("log g", "logg"),
        ("feh", "fe_h"),
        ("[Mg/Fe]", "mg_fe"),
        ("MG_FE", "mg_fe"),
        ("s-process", "sprocess_fe"),
        ("v_mic", "vmic"),
    ],
)
def test_an_unknown_label_says_which_was_meant(given_name: str, meant: str) -> None:
    with pytest.raises(UnknownLabel) as caught:
        label(given_name)
    assert str(caught.value) == f"There is no label {given_name!r}. Did you mean {meant}?"


@given(st.text())
def test_any_text_is_a_label_or_an_error_that_names_it(name: str) -> None:
    if name in LABELS:
        assert label(name).name == name
        return
    with pytest.raises(UnknownLabel) as caught:
        label(name)
    assert repr(name) in caught.value.what
    assert caught.value.remedy


def test_the_error_survives_the_way_to_another_process() -> None:
    error = UnknownLabel("There is no label 'x'.", remedy="Did you mean y?")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes


@given(st.lists(st.sampled_from(list(LABELS)), unique=True))
def test_an_order_of_labels_is_kept(names: list[str]) -> None:
    assert [found.name for found in label_order(names)] == names


def test_an_order_refuses_a_label_that_comes_twice() -> None:
    with pytest.raises(RepeatedLabel, match="logg comes twice"):
        label_order(["teff", "logg", "fe_h", "logg"])


def test_an_order_refuses_an_unknown_label() -> None:
    with pytest.raises(UnknownLabel, match="loggg"):
        label_order(["teff", "loggg"])


def test_the_registries_load_without_astropy() -> None:
    # The command line starts with them, and astropy alone would take most of a second.
    code = (
        "import sys, starledger.schema.prefixes, starledger.schema.flags, starledger.schema.units;"
        "sys.exit(any(name.partition('.')[0] in ('astropy', 'numpy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
