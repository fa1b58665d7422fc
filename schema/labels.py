"""The labels: every stellar parameter and abundance that we keep, each declared once.

Tables, views, exports and pages take the unit, UCD and text of a label from here, and the columns
around it (its error, its flags, ...) from `starledger.schema.prefixes`.

Abundances are logarithmic number ratios relative to the Sun, in dex; the surface gravity is in
``dex(cm/s**2)``, which astropy reads as the logarithm that it is. On which solar scale an abundance
is, in LTE or not, and which elements a mean abundance takes in, is metadata of who measured it.

``s_fe`` is sulphur; the mean s-process abundance of Wheeler et al. (2020) is ``sprocess_fe``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from starledger.schema.errors import StarledgerError
from starledger.schema.units import DEX, DIMENSIONLESS

KM_S = "km/s"


class UnknownLabel(StarledgerError):
    """There is no label of that name."""


class RepeatedLabel(StarledgerError):
    """A model gives the same label twice."""


@dataclass(frozen=True)
class Element:
    """A chemical element.

    Parameters
    ----------
    number
        Its atomic number.
    symbol, name
        As the chemists write them: ``Mg``, magnesium.
    """

    number: int
    symbol: str
    name: str


@dataclass(frozen=True, kw_only=True)
class CatalogColumn:
    """What a catalog tells its readers of one of its columns.

    Parameters
    ----------
    name
        The spelling everywhere: Python, SQL, FITS, Parquet, the command line.
    unit
        As `starledger.schema.units.checked_unit` takes it.
    ucd
        The UCD1+ words that say what kind of quantity it is.
    description
        One sentence, for someone who never saw the code.
    plain, latex
        The name on a plot or page, without and with markup.
    """

    name: str
    unit: str
    ucd: str
    description: str
    plain: str
    latex: str


@dataclass(frozen=True, kw_only=True)
class Label(CatalogColumn):
    """A stellar parameter or an abundance.

    Parameters
    ----------
    quantity
        The label in words, as they stand behind "the": ``effective temperature``.
    low, high
        The physical range, in the label's unit. It takes in the strangest star known, so that a
        value outside is a mistake and no discovery. It is *not* the range of any model.
    element
        The element of which it is the abundance, if of one.
    """

    quantity: str
    low: float
    high: float
    element: Element | None = None

    def is_physical(self, value: float) -> bool:
        """Return whether a star can have this value; NaN is no value that one can have.

        Examples
        --------
        >>> LABELS["teff"].is_physical(5772.0), LABELS["teff"].is_physical(-9999.0)
        (True, False)
        """
        return self.low <= value <= self.high


_PARAMETERS = (
    Label(
        name="teff",
        unit="K",
        ucd="phys.temperature.effective",
        quantity="effective temperature",
        description="Effective temperature: that of a black body that radiates as much per area.",
        plain="Teff",
        latex=r"$T_\mathrm{eff}$",
        low=500.0,
        high=300_000.0,
    ),
    Label(
        name="logg",
        unit="dex(cm/s**2)",
        ucd="phys.gravity",
        quantity="surface gravity",
        description="Surface gravity: decimal logarithm of its value in cm/s².",
        plain="log g",
        latex=r"$\log g$",
        low=-2.0,
        high=10.0,
    ),
    Label(
        name="vmic",
        unit=KM_S,
        ucd="phys.veloc.microturb",
        quantity="microturbulence",
        description="Microturbulence: speed of the motions smaller than the photon mean free path, "
        "which strengthen saturated lines.",
        plain="v_mic",
        latex=r"$v_\mathrm{mic}$",
        low=0.0,
        high=50.0,
    ),
    Label(
        name="vmac",
        unit=KM_S,
        ucd="phys.veloc;spect.line.broad",
        quantity="macroturbulence",
        description="Macroturbulence: speed of the motions larger than the photon mean free path, "
        "which widen lines; fitted without vsini it holds the rotation too.",
        plain="v_mac",
        latex=r"$v_\mathrm{mac}$",
        low=0.0,
        high=300.0,
    ),
    Label(
        name="vsini",
        unit=KM_S,
        ucd="phys.veloc.rotat",
        quantity="projected rotational velocity",
        description="Projected rotational velocity: speed of the equator times the sine of the "
        "inclination of the axis.",
        plain="v sin i",
        latex=r"$v\,\sin i$",
        low=0.0,
        high=1000.0,
    ),
    Label(
        name="rv",
        unit=KM_S,
        ucd="spect.dopplerveloc",
        quantity="radial velocity",
        description="Radial velocity relative to the barycentre of the Solar System, positive when "
        "the star recedes.",
        plain="RV",
        latex="RV",
        low=-3000.0,
        high=3000.0,
    ),
    Label(
        name="age",
        unit="Gyr",
        ucd="time.age",
        quantity="age",
        description="Age, from where the star stands among isochrones or as its source tells.",
        plain="age",
        latex=r"$\tau$",
        low=0.0,
        high=20.0,
    ),
    Label(
        name="c12_c13",
        unit=DIMENSIONLESS,
        ucd="phys.abund;arith.ratio",
        quantity="carbon isotope ratio",
        description="Carbon isotope ratio: number of ¹²C atoms per ¹³C atom.",
        plain="12C/13C",
        latex=r"$^{12}\mathrm{C}/^{13}\mathrm{C}$",
        low=0.0,
        high=10_000.0,
    ),
)

_IRON = Element(26, "Fe", "iron")

ELEMENTS = (
    Element(3, "Li", "lithium"),
    Element(6, "C", "carbon"),
    Element(7, "N", "nitrogen"),
    Element(8, "O", "oxygen"),
    Element(11, "Na", "sodium"),
    Element(12, "Mg", "magnesium"),
    Element(13, "Al", "aluminium"),
    Element(14, "Si", "silicon"),
    Element(15, "P", "phosphorus"),
    Element(16, "S", "sulphur"),
    Element(19, "K", "potassium"),
    Element(20, "Ca", "calcium"),
    Element(21, "Sc", "scandium"),
    Element(22, "Ti", "titanium"),
    Element(23, "V", "vanadium"),
    Element(24, "Cr", "chromium"),
    Element(25, "Mn", "manganese"),
    _IRON,
    Element(27, "Co", "cobalt"),
    Element(28, "Ni", "nickel"),
    Element(29, "Cu", "copper"),
    Element(30, "Zn", "zinc"),
    Element(32, "Ge", "germanium"),
    Element(38, "Sr", "strontium"),
    Element(39, "Y", "yttrium"),
    Element(40, "Zr", "zirconium"),
    Element(56, "Ba", "barium"),
    Element(57, "La", "lanthanum"),
    Element(58, "Ce", "cerium"),
    Element(59, "Pr", "praseodymium"),
    Element(60, "Nd", "neodymium"),
    Element(62, "Sm", "samarium"),
    Element(63, "Eu", "europium"),
    Element(79, "Au", "gold"),
)
"""The elements whose abundances are labels, by atomic number."""


def _abundance(
    name: str, of: str, over: str, words: str, meaning: str, *, ucd: str, low: float, high: float
) -> Label:
    return Label(
        name=name,
        unit=DEX,
        ucd=ucd,
        quantity=f"{words} [{of}/{over}]",
        description=f"{words[0].upper()}{words[1:]} [{of}/{over}]: {meaning}.",
        plain=f"[{of}/{over}]",
        latex=f"[{of}/{over}]".replace("α", r"$\alpha$"),
        low=low,
        high=high,
    )


_ELEMENT_UCD = {
    "H": "phys.abund;phys.atmol.element",
    "Fe": "phys.abund;phys.atmol.element;arith.ratio",
}

_ALPHA = "of the α elements that its source takes together (as Mg, Si, Ca and Ti)"

_MEANS = (
    _abundance(
        "m_h",
        "M",
        "H",
        "overall metallicity",
        "abundance of all elements heavier than helium, scaled together, relative to hydrogen "
        "and the Sun",
        ucd="phys.abund.z",
        low=-10.0,
        high=2.0,
    ),
    _abundance(
        "alpha_m",
        "α",
        "M",
        "mean α enhancement",
        f"abundance {_ALPHA} relative to the overall metallicity and the Sun",
        ucd="phys.abund;arith.ratio",
        low=-3.0,
        high=4.0,
    ),
    _abundance(
        "alpha_fe",
        "α",
        "Fe",
        "mean α abundance",
        f"abundance {_ALPHA} relative to iron and the Sun",
        ucd="phys.abund;arith.ratio",
        low=-3.0,
        high=4.0,
    ),
    _abundance(
        "sprocess_fe",
        "s-process",
        "Fe",
        "mean s-process abundance",
        "abundance of the elements made by slow neutron capture (Wheeler et al. 2020: Y and Ba) "
        "relative to iron and the Sun",
        ucd="phys.abund;arith.ratio",
        low=-5.0,
        high=6.0,
    ),
)


def _of_element(element: Element, over: str) -> Label:
    iron = element is _IRON
    per = {"H": "hydrogen", "Fe": "iron"}[over]
    made = _abundance(
        f"{element.symbol}_{over}".lower(),
        element.symbol,
        over,
        f"{element.name} abundance",
        f"log10 of the number of {element.name} atoms per {per} atom, minus its value in the Sun",
        ucd="phys.abund.fe" if iron else _ELEMENT_UCD[over],
        low={"H": -10.0, "Fe": -5.0}[over],
        high=2.0 if iron else 7.0,
    )
    return replace(made, element=element)


def _all_labels() -> Iterator[Label]:
    others = [element for element in ELEMENTS if element is not _IRON]
    yield from _PARAMETERS
    yield _of_element(_IRON, "H")
    yield from _MEANS
    yield from (_of_element(element, "H") for element in others)
    yield from (_of_element(element, "Fe") for element in others)


LABELS: Mapping[str, Label] = MappingProxyType({label.name: label for label in _all_labels()})
"""All labels by name: parameters first, then [Fe/H] and mean abundances, all [X/H], all [X/Fe]."""


def label(name: str) -> Label:
    """Return the label of a name.

    Raises
    ------
    UnknownLabel
        There is none; the nearest is suggested.

    Examples
    --------
    >>> label("mg_fe").plain
    '[Mg/Fe]'
    >>> label("[Mg/Fe]")
    Traceback (most recent call last):
    starledger.schema.labels.UnknownLabel: There is no label '[Mg/Fe]'. Did you mean mg_fe?
    """
    try:
        return LABELS[name]
    except KeyError:
        raise UnknownLabel(f"There is no label {name!r}.", remedy=_remedy(name)) from None


def _remedy(name: str) -> str:
    spelled = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    near = difflib.get_close_matches(spelled, LABELS, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return "Labels are spelled like teff, logg, fe_h, mg_h, mg_fe."


def label_order(names: Iterable[str]) -> tuple[Label, ...]:
    """Return the labels of a model in the order of its arrays.

    Raises
    ------
    UnknownLabel
        A name is no label.
    RepeatedLabel
        A name comes twice, so that one element of the arrays could not be told from another.

    Examples
    --------
    >>> [label.unit for label in label_order(["teff", "logg", "fe_h"])]
    ['K', 'dex(cm/s**2)', 'dex']
    """
    labels = tuple(label(name) for name in names)
    seen: set[str] = set()
    for found in labels:
        if found.name in seen:
            raise RepeatedLabel(
                f"The label {found.name} comes twice.", remedy="Give each label once."
            )
        seen.add(found.name)
    return labels
