"""A star's spectra as a FITS file: the same spectra give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.time import Time

from starledger import __version__
from starledger.catalog.export.arriving import arriving
from starledger.catalog.plain_ascii import plain_ascii
from starledger.catalog.star_spectra.columns import LONG_STRINGS, Card, Column, fitting, table_hdu
from starledger.catalog.star_spectra.flux_units import flux_unit, ivar_unit
from starledger.catalog.star_spectra.row_table import rows_hdu
from starledger.catalog.star_spectra.spectra import StarSpectra, VisitSpectrum
from starledger.compute.models.stored import canonical_json
from starledger.schema.units import DIMENSIONLESS

_SPECSYS = {"topocentric": "TOPOCENT", "barycentric": "BARYCENT", "shifted": "SOURCE"}
_UNDATED = "with the file"
"""In place of the time at which a checksum was made, which would differ each time."""


def write_spectra(path: Path, spectra: StarSpectra) -> None:
    """Write a star's spectra into a FITS file, which is whole or not there.

    Raises
    ------
    ExportError, DiskFull
        The file cannot be written.
    """
    with arriving(path) as file:
        hdus_of(spectra).writeto(file)


def hdus_of(spectra: StarSpectra) -> fits.HDUList:
    """Return the parts of the file: of each visit two tables of pixels, then labels and star."""
    header = fits.Header([fitting(card) for card in _about(spectra)])
    hdus = fits.HDUList([fits.PrimaryHDU(header=header)])
    for number, visit in enumerate(spectra.visits, 1):
        hdus.append(_observed_hdu(number, visit))
        hdus.append(_fitted_hdu(number, visit, spectra))
    hdus.append(rows_hdu("FITS", spectra.fits, "fits of these visits by the model"))
    hdus.append(rows_hdu("STAR", spectra.star, "the star, its visits combined"))
    for hdu in hdus:
        hdu.add_checksum(when=_UNDATED)
    return hdus


def _about(spectra: StarSpectra) -> Iterator[Card]:
    release, model = spectra.release, spectra.model
    yield "LONGSTRN", LONG_STRINGS, "texts may go on in the next card"
    yield "CREATOR", f"Starledger {__version__}", "software that wrote this file"
    yield "RELEASE", release.name, "release of the ledger"
    yield "RELTITLE", plain_ascii(release.title), "its title"
    yield "LICENCE", plain_ascii(release.licence), "its licence"
    if release.citation:
        yield "CITATION", plain_ascii(release.citation), "how to cite it"
    if release.doi:
        yield "DOI", release.doi, "its identifier"
    yield "STAR_ID", spectra.star_id, "number of the star"
    yield "MODEL", model.name, "model that was fitted"
    yield "MODELSHA", model.sha256, "its SHA-256"
    yield "FITCFGID", model.fit_config_id, "number of how it was applied"
    yield "FITCFSHA", model.fit_config_sha256, "SHA-256 of how it was applied"
    yield "FITCFG", plain_ascii(_short(model.settings)), "how it was applied"
    yield "NVISITS", len(spectra.visits), "number of visits in this file"


def _short(settings: Mapping[str, Any]) -> str:
    """Return settings without long lists of pixels, for which the hash speaks."""
    return canonical_json(
        {key: len(one) if isinstance(one, list) else one for key, one in settings.items()}
    )


def _of_visit(visit: VisitSpectrum) -> Iterator[Card]:
    about = visit.about
    yield "SPECID", about["spectrum_id"], "number of the spectrum in the ledger"
    yield "EXTID", plain_ascii(about["external_id"]), "the survey's identifier"
    yield "DATAREL", plain_ascii(about["data_release"]), "data release of the survey"
    yield "INSTRUME", about["instrument"], "instrument"
    yield "ARM", about["arm"], "arm of the instrument"
    yield "SPECKIND", about["kind"], "exposure, visit or coadd"
    if about["mjd_mid"] is not None:
        middle = Time(about["mjd_mid"], format="mjd", scale=about["time_scale"])
        # Without the date, readers of coordinates warn that they add it.
        yield "DATE-AVG", middle.isot, "mid-exposure time"
        yield "MJD-AVG", about["mjd_mid"], "[d] the same as a modified Julian date"
        yield "TIMESYS", about["time_scale"].upper(), "scale of both"
    if about["snr"] is not None:
        yield "SNR", float(about["snr"]), "signal-to-noise ratio a pixel"
    yield "SPECSYS", _SPECSYS[about["frame"]], "frame of the wavelengths"
    if about["frame_shift"] is not None:
        yield "FRSHIFT", float(about["frame_shift"]), "[km/s] velocity taken out already"
    yield "SRCFILE", plain_ascii(about["file_name"]), "the survey's file"
    yield "SRCSHA", about["sha256"], "its SHA-256"
    yield "SHARD", about["path"], "shard with the pixels"
    yield "SHARDSHA", about["shard_sha256"], "its SHA-256"
    yield "SHARDROW", about["shard_row"], "row in the shard"


def _observed_hdu(number: int, visit: VisitSpectrum) -> fits.BinTableHDU:
    seen, about = visit.observed, visit.about
    flux = flux_unit(about["instrument"], about["file_name"])
    inverse = ivar_unit(flux)
    weighs = seen.ivar > 0
    error = np.full(len(seen.ivar), np.nan, np.float32)
    error[weighs] = 1.0 / np.sqrt(seen.ivar[weighs])
    where = f"wavelength in {seen.medium}, frame {about['frame']}"
    columns = (
        Column("wavelength", seen.wavelength, "Angstrom", "em.wl", where),
        Column("flux", seen.flux, flux, "phot.flux.density;em.wl", "flux as published"),
        Column(
            "uncertainty", error, flux, "stat.error;phot.flux.density;em.wl",
            "standard error of flux; NaN where the pixel does not count",
        ),
        Column(
            "ivar", seen.ivar, inverse, "stat.weight;phot.flux.density",
            "inverse variance of flux; 0 where the pixel does not count",
        ),
        Column(
            "mask", seen.mask, DIMENSIONLESS, "meta.code.qual",
            "the survey's own mask bits, see MBITnn",
        ),
    )  # fmt: skip
    cards = [*_of_visit(visit), ("WAVEMED", seen.medium, "medium of the wavelengths")]
    for bit, name in sorted(about["mask_bits"].items(), key=lambda one: int(one[0])):
        cards.append(
            (f"MBIT{int(bit):02d}", plain_ascii(str(name)), f"meaning of bit {bit} of mask")
        )
    return table_hdu(f"SPECTRUM_{number}", columns, cards)


def _fitted_hdu(number: int, visit: VisitSpectrum, spectra: StarSpectra) -> fits.BinTableHDU:
    fit, n = visit.fitted, len(spectra.wavelength)
    nothing = np.full(n, np.nan, np.float32)
    weighs = fit.ivar > 0
    error = nothing.copy()
    error[weighs] = 1.0 / np.sqrt(fit.ivar[weighs])
    parts = [nothing if one is None else one for one in (fit.model, fit.residual, fit.deviation)]
    normalised = f"normalised: {spectra.model.settings['continuum']}"
    flux_ucd = "phot.flux.density;em.wl;arith.ratio"
    where = f"wavelength in vacuum, frame {visit.about['frame']}"
    columns = (
        Column("wavelength", spectra.wavelength, "Angstrom", "em.wl", where),
        Column("flux", fit.flux, DIMENSIONLESS, flux_ucd, f"flux as fitted, {normalised}"),
        Column(
            "uncertainty", error, DIMENSIONLESS, f"stat.error;{flux_ucd}",
            "standard error of flux; NaN where masks drop the pixel",
        ),
        Column(
            "ivar", fit.ivar, DIMENSIONLESS, "stat.weight;phot.flux.density",
            "inverse variance of flux as fitted; 0 where masks drop the pixel",
        ),
        Column(
            "model", parts[0], DIMENSIONLESS, f"{flux_ucd};meta.modelled",
            "the model at the labels and velocity of this visit",
        ),
        Column("residual", parts[1], DIMENSIONLESS, "stat.fit.residual;phot.flux.density",
               "flux - model"),
        Column(
            "deviation", parts[2], DIMENSIONLESS, "stat.fit.residual;arith.ratio",
            "residual in standard errors",
        ),
        Column(
            "mask", (~fit.used).astype(np.int16), DIMENSIONLESS, "meta.code.qual",
            "0 where the pixel counted in the fit, 1 where not",
        ),
    )  # fmt: skip
    cards = [
        *_of_visit(visit),
        ("WAVEMED", "vacuum", "medium of the wavelengths"),
        ("MBIT00", "NOT_USED", "meaning of bit 0 of mask"),
        *_of_fit(visit, spectra),
    ]
    return table_hdu(f"FIT_{number}", columns, cards)


_NUMBERS = (
    ("rv", "FITRV", "[km/s] velocity by which the model is moved"),
    ("err_rv", "ERRRV", "[km/s] its standard error"),
    ("line_variance", "LINEVAR", "[km2/s2] by which its lines are broader"),
    ("chi2", "CHI2", "chi squared in the ledger"),
)


def _of_fit(visit: VisitSpectrum, spectra: StarSpectra) -> Iterator[Card]:
    about, fit = visit.about, visit.fitted
    yield "MODEL", spectra.model.name, "model that was fitted"
    yield "OUTCOME", about["outcome"] or "not fitted", "good, flagged or failed"
    if fit.why_none is not None:
        yield "NOMODEL", plain_ascii(fit.why_none), "why there is no model spectrum"
    if about["outcome"] is None:
        return
    yield "FITRUN", about["fit_run_id"], "fit run"
    yield "FITSOFT", about["software_version"], "version of Starledger that fitted"
    yield "FITFLAGS", about["flags"] or 0, "flags of the fit"
    yield "FITQUAL", about["quality_flag"] or "", "their names"
    yield "COMBINED", about["combined"] or "", "whether the star's labels use it"
    for number, (label, value, error) in enumerate(_labels(about, spectra.model.labels), 1):
        yield f"LABEL{number}", label, "name of a label"
        if value is not None:
            yield f"VALUE{number}", float(value), f"{label} as fitted, before calibration"
        if error is not None:
            yield f"ERROR{number}", float(error), "its standard error"
    for name, keyword, said in _NUMBERS:
        if about[name] is not None:
            yield keyword, float(about[name]), said
    yield "NPIX", about["n_pixels"], "pixels that counted in the fit"
    if fit.chi2 is not None:
        yield "CHI2HERE", fit.chi2, "chi squared of this table where mask = 0"
        yield "CHI2SAME", fit.exact, "both, and NPIX, agree"


def _labels(about: Mapping[str, Any], labels: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    absent = [None] * len(labels)
    yield from zip(labels, about["labels"] or absent, about["errors"] or absent, strict=True)
