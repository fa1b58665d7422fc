from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.compute.simulate.files.fits_bytes import header_bytes, image_hdu, table_hdu
from starledger.ingest.pixels.fits_file import open_fits
from starledger.ingest.pixels.spectrum import UnreadableSpectrum
from tests.ingest.pixels.real_files import real_files

KINDS = ("u1", ">i2", ">i4", ">i8", ">f4", ">f8")


@settings(max_examples=40)
@given(
    st.sampled_from(KINDS),
    st.lists(st.integers(1, 7), min_size=1, max_size=3),
    st.sampled_from([None, 2.0, 0.5]),
    st.sampled_from([None, 32768.0, -1.0]),
)
def test_images_are_as_astropy_reads_them(
    kind: str, shape: list[int], scale: float | None, zero: float | None
) -> None:
    data = (np.arange(np.prod(shape)) % 100).reshape(shape).astype(kind)
    cards = [(n, v) for n, v in (("BSCALE", scale), ("BZERO", zero)) if v is not None]
    contents = image_hdu(data, cards, primary=True)
    ours = open_fits(contents).hdus[0].image()
    with fits.open(io.BytesIO(contents)) as hdus:
        np.testing.assert_allclose(ours, hdus[0].data, rtol=1e-6)


def test_images_are_views() -> None:
    file = open_fits(image_hdu(np.zeros((2, 3), ">f4"), primary=True))
    assert not file.hdus[0].image().flags.owndata


def test_hdus_are_found_by_name() -> None:
    table = np.zeros(2, dtype=[("x", ">f4")])
    file = open_fits(image_hdu(None, primary=True) + table_hdu(table, "ONE") + table_hdu(table))
    assert [hdu.name for hdu in file.hdus] == [None, "ONE", None]
    assert file.named("ONE") is file.hdus[1]
    assert file.named("TWO") is None
    assert file.hdu(1).is_table
    for number, said in ((3, "ends before HDU 3"), (0, "no image"), (1, "no image")):
        with pytest.raises(UnreadableSpectrum, match=said):
            file.hdu(number).image()
    with pytest.raises(UnreadableSpectrum, match="no table in HDU 0"):
        file.hdu(0).table()


def head(**cards: int) -> bytes:
    given = {"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": 4, "NAXIS2": 5} | cards
    return header_bytes(list(given.items())) + bytes(2880)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (head(BITPIX=12), "pixels of 12 bits in HDU 0"),
        (head(NAXIS=9), "how many axes HDU 0 has"),
        (head(NAXIS=3), "how large the axes of HDU 0 are"),
        (head(NAXIS1=-4), "how large the axes of HDU 0 are"),
        (head(NAXIS1=1 << 60, NAXIS2=1 << 60), "is cut off: HDU 0 should have"),
        (head(NAXIS2=4000), "is cut off: HDU 0 should have 66240 bytes, 2880 are there"),
        (head(GCOUNT=2), "holds groups"),
        (head(PCOUNT=-1), "holds groups"),
        (head() + b"JUNK" * 720, "no HDU follows HDU 0"),
        (head()[:2800], "header of HDU 0 is not whole"),
        (head()[:79], "does not end"),
        (b"SIMPLE", "is not a FITS file"),
    ],
)
def test_what_cannot_be_is_refused(contents: bytes, said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        open_fits(contents)


def test_filling_behind_the_last_hdu_is_passed_over() -> None:
    assert len(open_fits(head() + bytes(2880 * 2)).hdus) == 1


@pytest.mark.parametrize("axes", [{"NAXIS1": 0}, {"NAXIS1": 0, "NAXIS2": 1 << 62}])
def test_an_image_of_no_pixels_is_refused(axes: dict[str, int]) -> None:
    with pytest.raises(UnreadableSpectrum, match="no image in HDU 0"):
        open_fits(head(**axes)).hdus[0].image()


@pytest.mark.real_data
def test_real_files_are_as_astropy_reads_them() -> None:
    images = columns = 0
    for _, contents in real_files(every=5):
        ours = open_fits(contents)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = fits.open(io.BytesIO(contents))
            assert len(ours.hdus) == len(theirs)
            for hdu, other in zip(ours.hdus, theirs, strict=True):
                if isinstance(other, fits.BinTableHDU):
                    table = hdu.table()
                    for name in other.columns.names:
                        expected = np.asarray(other.data[name])
                        if expected.dtype.kind == "U":
                            expected = expected.astype("S")
                        read = table.column(name).reshape(expected.shape)
                        assert read.dtype.kind == expected.dtype.kind
                        assert (read.tolist() == expected.tolist()) or np.array_equal(
                            read, expected, equal_nan=True
                        ), name
                        columns += 1
                elif other.data is not None:
                    assert np.array_equal(hdu.image(), other.data, equal_nan=True)
                    images += 1
    assert images > 50
    assert columns > 500
