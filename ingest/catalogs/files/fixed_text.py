"""Texts of binary files: padded to a width, and in whatever encoding the writer had."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def padded_texts(raw: NDArray[np.uint8]) -> pa.Array:
    r"""Return texts without what follows a NUL, and without blanks behind them.

    Parameters
    ----------
    raw
        The bytes of a text each row.

    Examples
    --------
    >>> raw = np.frombuffer(b"K5  F\0  ", np.uint8).reshape(2, 4)
    >>> padded_texts(raw).to_pylist()
    ['K5', 'F']
    """
    width = raw.shape[1]
    counts = np.arange(1, width + 1, dtype=np.int32)
    if not raw.all():
        raw = np.where(np.logical_or.accumulate(raw == 0, axis=1), np.uint8(32), raw)
    lengths = np.max((raw != 32) * counts, axis=1, initial=0)
    offsets = np.zeros(len(raw) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    kept = raw[counts <= lengths[:, None]]
    texts = pa.StringArray.from_buffers(len(raw), pa.py_buffer(offsets), pa.py_buffer(kept))
    if kept.size and kept.max() > 127:
        return decoded(texts)
    return texts


def decoded(texts: pa.Array) -> pa.Array:
    """Return texts that are UTF-8 or, where one is not, Latin 1."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return pa.array([_text(raw) for raw in texts.view(pa.binary()).to_pylist()], pa.string())
    return texts


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
