"""The checksums of FITS: of data as it comes, and of a header that holds its own."""

from __future__ import annotations

import numpy as np

_LETTERS_BETWEEN = {*range(0x3A, 0x41), *range(0x5B, 0x61)}
"""Signs between the digits and letters, which the text of a checksum may not have."""

_CARRY = 0xFFFFFFFF


def added(total: int, data: bytes | memoryview) -> int:
    """Return the sum in ones' complement of 32-bit words, of a sum so far and more data.

    Parameters
    ----------
    total
        The sum so far.
    data
        More data, of a multiple of four bytes.

    Examples
    --------
    >>> added(0xFFFFFFFF, bytes([0, 0, 0, 1]))
    1
    """
    total += int(np.frombuffer(data, ">u4").sum(dtype=np.uint64))
    while total > _CARRY:
        total = (total & _CARRY) + (total >> 32)
    return total


def text_of(total: int) -> str:
    """Return the text of sixteen signs that brings a sum to minus zero.

    Examples
    --------
    >>> text_of(0xFFFFFFFF)
    '0000000000000000'
    """
    signs = [0] * 16
    for place, byte in enumerate((_CARRY - total).to_bytes(4, "big")):
        quarter = [byte // 4 + ord("0")] * 4
        quarter[0] += byte % 4
        while any(one in _LETTERS_BETWEEN for one in quarter):
            for first, second in ((0, 1), (2, 3)):
                if quarter[first] in _LETTERS_BETWEEN or quarter[second] in _LETTERS_BETWEEN:
                    quarter[first] += 1
                    quarter[second] -= 1
        for step, sign in enumerate(quarter):
            signs[4 * step + place] = sign
    # The text begins at the last byte of a word.
    return bytes(signs[-1:] + signs[:-1]).decode("ascii")
