"""APOGEE's aspcapStar files: the sum of a star's visits over its continuum, as ASPCAP fits it."""

from __future__ import annotations

import numpy as np

from starledger.ingest.pixels import apogee_bits as bits
from starledger.ingest.pixels.checks import checked, pixels
from starledger.ingest.pixels.fits_file import FitsFile
from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.fits_table import Table
from starledger.ingest.pixels.lamost_header import positive
from starledger.ingest.pixels.spectrum import Grid, ReadSpectrum, UnreadableSpectrum

_HDUS = 5
_NEEDED = ("APOGEE_ID", "RA", "DEC", "VHELIO_AVG", "ASPCAPFLAG")


def is_aspcap(file: FitsFile) -> bool:
    """Whether it is an aspcapStar file: three spectra and the star's row of allStar."""
    if len(file.hdus) < _HDUS or not file.hdus[4].is_table:
        return False
    shapes = {hdu.shape for hdu in file.hdus[1:4] if not hdu.is_table}
    table = file.hdus[4].table()
    return len(shapes) == 1 and len(min(shapes)) == 1 and all(name in table for name in _NEEDED)


def read_aspcap(file: FitsFile) -> list[ReadSpectrum]:
    """Read the spectrum; it has no mask, but pixels that ASPCAP left out have large errors."""
    row = file.hdu(4).table()
    flux, error = file.hdu(1).image(), file.hdu(2).image()
    kept, found = pixels(flux, bits.weights(error), np.zeros(flux.shape, dtype=np.int32))
    ra, dec = row.number("RA"), row.number("DEC")
    velocity = bits.velocity(row.number("VHELIO_AVG"))
    if ra is None or dec is None or velocity is None:
        raise UnreadableSpectrum("does not say where its star is, or how fast: no RA, VHELIO_AVG.")
    star_flag = row.integer("STARFLAG") or 0
    spectrum = ReadSpectrum(
        external_id=_identity(row),
        instrument="apogee",
        kind="coadd",
        frame="shifted",
        frame_shift=velocity,
        grid=_grid(file.hdu(1).header),
        pixels=kept,
        ra=ra,
        dec=dec,
        snr=positive(row.number("SNR")),
        rv=velocity,
        err_rv=positive(bits.velocity(row.number("VERR"))),
        gaia_dr2_source_id=_gaia(row, "GAIA_SOURCE_ID"),
        gaia_dr3_source_id=_gaia(row, "GAIAEDR3_SOURCE_ID"),
        survey_flags=star_flag,
        flags=found | bits.flags(star_flag),
        mask_bits=bits.MASK_BITS,
    )
    return [checked(spectrum, bits.BAD_BITS)]


def _identity(row: Table) -> str:
    star = row.text("APOGEE_ID")
    if star is None:
        raise UnreadableSpectrum("does not say which star it is of: no APOGEE_ID.")
    telescope = row.text("TELESCOPE") or "apo25m"
    return f"{telescope}.{row.integer('LOCATION_ID') or 0}.{star}.aspcap"


def _gaia(row: Table, column: str) -> int | None:
    """Return an identifier of Gaia: DR2's until APOGEE's DR16, (E)DR3's in DR17."""
    value = row.integer(column)
    return value if value is not None and value > 0 else None


def _grid(header: Header) -> Grid:
    start, step = header.number("CRVAL1"), header.number("CDELT1")
    if start is None or step is None or not 2 < start < 6:
        raise UnreadableSpectrum("does not tell its wavelengths: no CRVAL1 or CDELT1.")
    return Grid("log10", "vacuum", 10.0**start, step)
