"""The prefixes: the columns made of a label, as its error or its flags, each declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starledger.schema.labels import CatalogColumn, Label
from starledger.schema.units import DIMENSIONLESS


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """What is made of a label by putting something before its name.

    Parameters
    ----------
    text
        What stands before the label's name, with its underscore.
    unit
        The unit of what is made; ``None`` means that of the label.
    ucd, description, plain, latex
        Templates: ``{ucd}``, ``{quantity}``, ``{plain}`` and ``{latex}`` stand for the label's.
    """

    text: str
    unit: str | None
    ucd: str
    description: str
    plain: str
    latex: str


ERROR = Prefix(
    text="err_",
    unit=None,
    ucd="stat.error;{ucd}",
    description="Error (one standard deviation) of the {quantity}.",
    plain="σ({plain})",
    latex=r"$\sigma$({latex})",
)
BOUND = Prefix(
    text="crlb_",
    unit=None,
    ucd="stat.error;{ucd};stat.min",
    description="Cramér–Rao bound of the {quantity}: the least error that the noise of the "
    "spectrum allows.",
    plain="σ_CR({plain})",
    latex=r"$\sigma_\mathrm{{CR}}$({latex})",
)
FLAG = Prefix(
    text="flag_",
    unit=DIMENSIONLESS,
    ucd="meta.code.qual;{ucd}",
    description="Flag of the {quantity}, as the catalogs of DD-Payne write it: 1 is reliable; 0 "
    "where the model's response to it is not that of physical spectra.",
    plain="flag of {plain}",
    latex="flag of {latex}",
)
BITS = Prefix(
    text="bits_",
    unit=DIMENSIONLESS,
    ucd="meta.code.qual;{ucd}",
    description="Quality flags of the {quantity}, one bit each; 0 when there is nothing to say.",
    plain="flags of {plain}",
    latex="flags of {latex}",
)
SCATTER = Prefix(
    text="scatter_",
    unit=None,
    ucd="stat.stdev;{ucd}",
    description="Standard deviation of the {quantity} between the visits of the star.",
    plain="s({plain})",
    latex=r"$s$({latex})",
)
RAW = Prefix(
    text="raw_",
    unit=None,
    ucd="{ucd};stat.uncalib",
    description="Value of the {quantity} before calibration.",
    plain="{plain} (raw)",
    latex="{latex} (raw)",
)
RAW_ERROR = Prefix(
    text="raw_err_",
    unit=None,
    ucd="stat.error;{ucd};stat.uncalib",
    description="Error (one standard deviation) of the {quantity} as the fit gave it, before it "
    "was scaled to the scatter of repeated visits.",
    plain="σ({plain}) (raw)",
    latex=r"$\sigma$({latex}) (raw)",
)
GRADIENT_CORRELATION = Prefix(
    text="gradcorr_",
    unit=DIMENSIONLESS,
    ucd="stat.correlation;{ucd}",
    description="Correlation, over wavelength, of the model's gradient of the flux with respect to "
    "the {quantity} with that of a physical model for the nearest reference star.",
    plain="r({plain})",
    latex="$r$({latex})",
)
CHI2 = Prefix(
    text="chi2_",
    unit=DIMENSIONLESS,
    ucd="stat.fit.chi2;{ucd}",
    description="Value of χ² in the wavelength windows of the lines that tell the {quantity}.",
    plain="χ²({plain})",
    latex=r"$\chi^2$({latex})",
)

PREFIXES: Mapping[str, Prefix] = MappingProxyType(
    {
        p.text: p
        for p in (ERROR, BOUND, FLAG, BITS, SCATTER, RAW, RAW_ERROR, GRADIENT_CORRELATION, CHI2)
    }
)
"""All prefixes by their text."""


def prefixed(prefix: Prefix, label: Label) -> CatalogColumn:
    """Return the column that a prefix makes of a label.

    Examples
    --------
    >>> from starledger.schema.labels import label
    >>> column = prefixed(ERROR, label("teff"))
    >>> column.name, column.unit, column.ucd
    ('err_teff', 'K', 'stat.error;phys.temperature.effective')
    >>> column.description
    'Error (one standard deviation) of the effective temperature.'
    >>> prefixed(FLAG, label("mg_fe")).unit
    'dimensionless'
    """
    return CatalogColumn(
        name=prefix.text + label.name,
        unit=prefix.unit or label.unit,
        ucd=prefix.ucd.format(ucd=label.ucd),
        description=prefix.description.format(quantity=label.quantity),
        plain=prefix.plain.format(plain=label.plain),
        latex=prefix.latex.format(latex=label.latex),
    )
