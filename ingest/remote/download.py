"""Fetching a remote table into a folder, so that an interrupted download goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from starledger.ingest.remote import adql, manifest
from starledger.ingest.remote.answers import Answer, read_answer
from starledger.ingest.remote.asking import Question, TapService
from starledger.ingest.remote.chunks import clear, is_there, scratch, write_chunk
from starledger.ingest.remote.faults import AnotherDownload, AnswerIncomplete, RemoteError, TooMuch
from starledger.ingest.remote.manifest import Manifest, PieceRecord
from starledger.ingest.remote.manner import Manner
from starledger.ingest.remote.pieces import Piece
from starledger.ingest.remote.selections import Counted
from starledger.ingest.remote.turns import in_turn, side_by_side
from starledger.ingest.remote.wanted import Wanted
from starledger.schema.embedded.faults import writing_in
from starledger.schema.embedded.locks import alone

ROOM = 3
"""An answer may have so many times the rows that a piece is planned for."""

Watch = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Shows how far something of a known size is."""

_COUNTED = ("n_rows", "first_key", "last_key")


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a finished download left in a folder.

    Parameters
    ----------
    folder, files
        Where; the files in order.
    rows
        How many all files hold.
    fetched, kept
        Files of this run, and of runs before it.
    """

    folder: Path
    files: tuple[Path, ...]
    rows: int
    fetched: int
    kept: int


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    piece: Piece


@dataclass(frozen=True, slots=True)
class _Outcome:
    step: _Step
    record: PieceRecord
    answer: Answer | None


def download(
    wanted: Wanted,
    folder: Path,
    manner: Manner,
    *,
    tell: Callable[[str], None],
    watch: Watch = lambda _: nullcontext(lambda _: None),
) -> Downloaded:
    """Fetch what is wanted into a folder, but for what is there already.

    Parameters
    ----------
    wanted
        What.
    folder
        Where; made if it is missing.
    manner
        How.
    tell
        Hears about faults and cuts.
    watch
        Hears how many rows, or entries of a list, there are in all, and gives what is to be called
        with how many more are done.

    Raises
    ------
    AnotherDownload
        The folder holds another download.
    RemoteError
        The service refuses the query, or failed to the last.
    """
    with writing_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder / ".lock", patience_s=0):
            return _Download(wanted, folder, manner, tell).run(watch)


def finished_files(folder: Path) -> list[Path]:
    """Return the files of a finished download, in order, for the catalog ingest.

    Raises
    ------
    AnswerIncomplete
        The download is not finished, or a file was changed since.
    """
    known = manifest.load(folder)
    if known is None or known.finished_at is None:
        raise AnswerIncomplete(
            f"{folder} holds no finished download.", remedy="Run `starledger ingest remote` again."
        )
    for record in known.pieces.values():
        if record.file and not is_there(folder, record):
            raise AnswerIncomplete(
                f"{folder / record.file} is missing or was changed.",
                remedy="Run `starledger ingest remote` again, which fetches it again.",
            )
    return [folder / name for name in known.files()]


class _Download:
    def __init__(
        self, wanted: Wanted, folder: Path, manner: Manner, tell: Callable[[str], None]
    ) -> None:
        self.wanted, self.folder, self.manner, self.tell = wanted, folder, manner, tell
        self.service = TapService(wanted.url, manner.mode, manner.patience)
        self.manifest = self._begun()
        self.fetched = 0

    def run(self, watch: Watch) -> Downloaded:
        total, steps = self._planned()
        with watch(total) as advance:
            for outcome in self._outcomes(steps):
                self._keep(outcome)
                if outcome.record.file:
                    advance(outcome.step.piece.size or outcome.record.rows)
        self._finish()
        files = tuple(self.folder / name for name in self.manifest.files())
        kept = len(files) - self.fetched
        return Downloaded(self.folder, files, self.manifest.rows, self.fetched, kept)

    def _begun(self) -> Manifest:
        """Return the manifest of the same download, or a new one."""
        for leftover in self.folder.glob(".*.part"):
            leftover.unlink()
        if self.manner.refresh:
            clear(self.folder)
        known = manifest.load(self.folder)
        asked = self.wanted.asked()
        if known is None:
            return Manifest(asked, self._query([*self.wanted.conditions(), "{piece}"], None))
        if known.asked != asked:
            different = [name for name in asked if known.asked.get(name) != asked[name]]
            raise AnotherDownload(
                f"{self.folder} holds what was asked for with other {', '.join(different)}.",
                remedy="Name another folder with --to, or fetch it all again with --refresh.",
            )
        return known

    def _planned(self) -> tuple[int, list[_Step]]:
        """Return how much there is in all, and the pieces."""
        wanted = self.wanted
        entries, counted = wanted.selection.entries, None
        if entries is None:
            counted = self._counted()
            entries = counted.rows
        pieces = wanted.selection.cut(wanted.table, wanted.chunk_rows, wanted.upload_rows, counted)
        return entries, [_Step(f"{n:06d}", piece) for n, piece in enumerate(pieces, 1)]

    def _counted(self) -> Counted:
        """Return the service's count, which is asked for once: the pieces depend on it."""
        if self.manifest.counted is None:
            key = adql.column(self.wanted.table.key)
            chosen = [f"COUNT(*) AS {_COUNTED[0]}"]
            chosen += [f"MIN({key}) AS {_COUNTED[1]}", f"MAX({key}) AS {_COUNTED[2]}"]
            query = adql.select(self.wanted.table.name, chosen, self.wanted.conditions())
            try:
                row = self._answer("count", Question(query, 10), _COUNTED).table.to_pylist()[0]
            except TooMuch as cut:
                raise AnswerIncomplete(
                    f"{cut} It was to count the rows.", remedy="Ask for less, such as a cone."
                ) from cut
            self.manifest.counted = {name: _whole(row[name], name) for name in _COUNTED}
            self.manifest.save(self.folder)
        rows, first, last = (self.manifest.counted[name] or 0 for name in _COUNTED)
        return Counted(rows, first, last)

    def _outcomes(self, steps: list[_Step]) -> Iterator[_Outcome]:
        if self.manner.parallel == 1:
            return in_turn(steps, self._done)
        end = self.manner.patience.waiting.end
        return side_by_side(steps, self._done, self.manner.parallel, end)

    def _done(self, step: _Step) -> tuple[_Outcome, list[_Step]]:
        """Return what became of a piece, now or before, and its halves where it was cut."""
        known = self.manifest.pieces.get(step.name)
        if known is not None and known.told == step.piece.told():
            if known.file is None:
                return _Outcome(step, known, None), _halves(step)
            if is_there(self.folder, known):
                return _Outcome(step, known, None), []
        try:
            answer = self._asked(step)
        except TooMuch as cut:
            halves = _halves(step)
            if not halves:
                raise AnswerIncomplete(
                    f"{cut} Piece {step.name} ({step.piece.told()}) cannot be cut in two.",
                    remedy="Ask for less: a smaller radius, or a condition with --where.",
                ) from cut
            self.tell(f"{cut} Piece {step.name} is asked for in two halves.")
            return _Outcome(step, PieceRecord(step.piece.told()), None), halves
        record = write_chunk(
            self.folder, step.name, step.piece.told(), answer.table, self.wanted.table.key
        )
        return _Outcome(step, record, answer), []

    def _asked(self, step: _Step) -> Answer:
        wanted = self.wanted
        wish = step.piece.wish(wanted.table, upload=wanted.upload_rows > 0)
        conditions = [*wanted.conditions(), *([wish.condition] if wish.condition else [])]
        query = self._query(conditions, wish.joined_on)
        question = Question(query, self._most_rows(), wish.upload)
        return self._answer(step.name, question, wanted.columns)

    def _most_rows(self) -> int:
        """Return how many rows an answer may have; one that has them counts as cut."""
        most = ROOM * self.wanted.chunk_rows
        if self.manner.mode == "sync" and self.wanted.sync_rows is not None:
            return min(most, self.wanted.sync_rows)
        return most

    def _query(self, conditions: list[str], joined_on: str | None) -> str:
        columns = [adql.column(name) for name in self.wanted.columns]
        return adql.select(self.wanted.table.name, columns, conditions, joined_on=joined_on)

    def _answer(self, name: str, question: Question, columns: tuple[str, ...]) -> Answer:
        with scratch(self.folder / f".{name}.vot.part") as file:

            def ask() -> Answer:
                self.service.ask(question, file)
                return read_answer(file, columns, question.max_rows)

            return self.manner.patience.persist(ask, self.tell)

    def _keep(self, outcome: _Outcome) -> None:
        if self.manifest.pieces.get(outcome.step.name) is outcome.record:
            return
        self.manifest.pieces[outcome.step.name] = outcome.record
        if outcome.answer is not None:
            self.fetched += 1
            self.manifest.describe(outcome.answer.columns)
        self.manifest.save(self.folder)

    def _finish(self) -> None:
        counted = self.manifest.counted
        if counted is not None and counted[_COUNTED[0]] != self.manifest.rows:
            raise AnswerIncomplete(
                f"{self.wanted.url} counted {counted[_COUNTED[0]]} rows of "
                f"{self.wanted.table.name} and gave {self.manifest.rows}.",
                remedy="If its table may have changed meanwhile, fetch it again with --refresh; "
                "else the service leaves rows out: ask for less at a time with --chunk-rows.",
            )
        if self.manifest.finished_at is None:
            self.manifest.finished_at = manifest.now()
            self.manifest.save(self.folder)


def _halves(step: _Step) -> list[_Step]:
    halves = step.piece.halves() or ()
    return [_Step(f"{step.name}-{number}", half) for number, half in enumerate(halves, 1)]


def _whole(value: object, name: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise RemoteError(
        f"The service says {value!r} for {name.replace('_', ' ')}, which is no whole number.",
        remedy="Name a column of integers with --key.",
    )
