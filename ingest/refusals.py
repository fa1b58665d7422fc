"""Refused rows, kept aside while a file is read and then written to the ledger at once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator

import psycopg

from starledger.ingest.catalogs.files.table import CONTENT_KEPT, Refusal
from starledger.schema.closing import Closing

IN_MEMORY = 1 << 23
"""Refusals that take more bytes than this wait in a file."""

_COPY = """
COPY ledger.rejected_row (run_id, path, row_number, external_id, reason, content) FROM STDIN
"""


class Refusals(Closing):
    """The refused rows of one file, in bounded memory.

    A row of the file that makes two of ours is refused once, whatever is wrong with either.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8")  # noqa: SIM115
        self._last: int | None = None
        self.count = 0

    def close(self) -> None:
        """Forget what was kept."""
        self._file.close()

    def add(self, refused: Iterable[Refusal]) -> None:
        """Keep some refusals."""
        for one in refused:
            said = (one.row_number, one.external_id, one.reason, one.content)
            self._file.write(json.dumps(said) + "\n")
            self.count += 1

    def write(self, cursor: psycopg.Cursor[object], run_id: int, path: str) -> None:
        """Write all that was kept to the ledger."""
        if not self.count:
            return
        with cursor.copy(_COPY) as copy:
            seen: set[int] = set()
            for row_number, external_id, reason, content in self._kept():
                if row_number in seen:
                    continue
                seen.add(row_number)
                cut = None if content is None else content[:CONTENT_KEPT]
                copy.write_row((run_id, path, row_number, _plain(external_id), reason, _plain(cut)))

    def _kept(self) -> Iterator[tuple[int, str | None, str, str | None]]:
        self._file.seek(0)
        for line in self._file:
            row_number, external_id, reason, content = json.loads(line)
            yield row_number, external_id, reason, content


def _plain(text: str | None) -> str | None:
    """Return a text without what PostgreSQL cannot keep."""
    return None if text is None else text.replace("\0", "\\0").encode(errors="replace").decode()
