"""FITS files read straight from their bytes: strict, bounded, and with nothing copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels.fits_header import BLOCK, Header, find_header
from starledger.ingest.pixels.fits_table import Table, columns_of
from starledger.ingest.pixels.inflate import unpacked
from starledger.ingest.pixels.spectrum import UnreadableSpectrum

_KINDS: Final = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_AXES = 8
"""Axes of an image at most; spectra need two."""


@dataclass(frozen=True, slots=True)
class Hdu:
    """One header with the data behind it.

    Parameters
    ----------
    number
        Its place in the file, the primary being 0.
    header
        Its cards.
    shape
        Sizes of its axes, the slowest first.
    data
        The bytes of its data, without the filling of the last block.
    """

    number: int
    header: Header
    shape: tuple[int, ...]
    data: memoryview

    @property
    def name(self) -> str | None:
        """EXTNAME."""
        return self.header.text("EXTNAME")

    @property
    def is_table(self) -> bool:
        """Whether it is a binary table."""
        return self.header.text("XTENSION") in {"BINTABLE", "A3DTABLE"}

    def image(self) -> NDArray[Any]:
        """Return the image, big-endian as in the file, or scaled to double precision.

        Raises
        ------
        UnreadableSpectrum
            It has none.
        """
        if self.is_table or 0 in (self.shape or (0,)):
            raise UnreadableSpectrum(f"has no image in HDU {self.number}.")
        header = self.header
        kind = _KINDS[header.integer("BITPIX") or 0]
        pixels = np.ndarray(self.shape, kind, self.data)
        scale, zero = header.number("BSCALE"), header.number("BZERO")
        if scale in {None, 1.0} and zero in {None, 0.0}:
            return pixels
        return np.asarray(pixels * (1.0 if scale is None else scale) + (zero or 0.0))

    def table(self) -> Table:
        """Return the binary table.

        Raises
        ------
        UnreadableSpectrum
            It is none, or its header contradicts itself.
        """
        if not self.is_table or len(self.shape) != 2:
            raise UnreadableSpectrum(f"has no table in HDU {self.number}.")
        columns, width = columns_of(self.header.raw, self.number)
        return Table(self.number, columns, self.shape[0], width, self.data)


@dataclass(frozen=True, slots=True)
class FitsFile:
    """The HDUs of a file."""

    hdus: tuple[Hdu, ...]

    @property
    def header(self) -> Header:
        """The primary header."""
        return self.hdus[0].header

    def hdu(self, number: int) -> Hdu:
        """Return an HDU by its number.

        Raises
        ------
        UnreadableSpectrum
            There are fewer.
        """
        if number >= len(self.hdus):
            raise UnreadableSpectrum(f"ends before HDU {number}.")
        return self.hdus[number]

    def named(self, name: str) -> Hdu | None:
        """Return the first HDU of a name, or None."""
        return next((hdu for hdu in self.hdus if hdu.name == name), None)


def open_fits(contents: bytes) -> FitsFile:
    """Return the HDUs of a file, gzipped or not.

    Raises
    ------
    UnreadableSpectrum
        It is no FITS file, is cut off, or contradicts itself.
    """
    contents = unpacked(contents)
    if not contents.startswith(b"SIMPLE  ="):
        raise UnreadableSpectrum("is not a FITS file.")
    hdus: list[Hdu] = []
    start = 0
    while start < len(contents):
        if hdus and not contents.startswith(b"XTENSION=", start):
            if contents[start:].strip(b"\0 "):
                raise UnreadableSpectrum(f"is damaged: no HDU follows HDU {len(hdus) - 1}.")
            break
        hdu, start = _hdu(contents, start, len(hdus))
        hdus.append(hdu)
    return FitsFile(tuple(hdus))


def _hdu(contents: bytes, start: int, number: int) -> tuple[Hdu, int]:
    """Return the HDU that begins at a byte, and the byte behind its last block."""
    header, data = find_header(contents, start, number)
    shape = _shape(header, number)
    size = _data_bytes(header, shape, number)
    there = len(contents) - data
    end = data + -(-size // BLOCK) * BLOCK
    if end > len(contents):
        raise UnreadableSpectrum(
            f"is cut off: HDU {number} should have {end - data} bytes, {there} are there."
        )
    return Hdu(number, header, shape, memoryview(contents)[data : data + size]), end


def _shape(header: Header, number: int) -> tuple[int, ...]:
    axes = header.integer("NAXIS")
    if axes is None or not 0 <= axes <= _AXES:
        raise UnreadableSpectrum(f"does not say how many axes HDU {number} has.")
    sizes = [header.integer(f"NAXIS{axis}") for axis in range(axes, 0, -1)]
    shape = tuple(size for size in sizes if size is not None and size >= 0)
    if len(shape) != axes:
        raise UnreadableSpectrum(f"does not say how large the axes of HDU {number} are.")
    return shape


def _data_bytes(header: Header, shape: tuple[int, ...], number: int) -> int:
    bits = header.integer("BITPIX")
    if bits not in _KINDS:
        raise UnreadableSpectrum(f"has pixels of {bits} bits in HDU {number}, which FITS has not.")
    if not shape:
        return 0
    values = 1
    for size in shape:
        values *= size
    heap, groups = header.integer("PCOUNT") or 0, header.integer("GCOUNT")
    if heap < 0 or groups not in {None, 1}:
        raise UnreadableSpectrum(f"holds groups in HDU {number}, which no spectrum does.")
    return abs(bits) // 8 * (values + heap)
