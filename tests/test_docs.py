"""The documentation builds without a warning, and what it tells the reader to type works."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from starledger.__main__ import root
from starledger.schema.flags import FLAGS
from starledger.schema.labels import LABELS
from starledger.schema.settings import Settings
from starledger.schema.tables import metadata
from tests.newcomer import typed

HOUSE = Path(__file__).parents[1]
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").glob("**/[!_]*.md"))]
PAGES = [page for page in PAGES if "generated" not in page.parts and "_build" not in page.parts]
ELSEWHERE = {"tutorial": "test_tutorial.py", "your-own-survey": "test_pilot_plate.py"}
"""Pages that show commands with their answers, and the tests that type these."""
RUN = [page for page in PAGES if "```console\n" in page.read_text("utf-8")]
RUN = [page for page in RUN if page.stem not in ELSEWHERE]
"""The other pages that do."""
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Example:
    """A command that a page shows, and the answer it promises."""

    command: str
    answer: str


def console_examples(text: str, kind: str = "console") -> Iterator[Example]:
    """Yield the commands of a page's fences of one kind, with their answers."""
    for fence in re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for example in re.split(r"^\$ ", fence, flags=re.MULTILINE)[1:]:
            first, *lines = example.splitlines()
            more = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
            answer = lines[len(more) :]
            yield Example("\n".join([first, *more]), "\n".join(answer))


def commands_mentioned(text: str) -> Iterator[str]:
    """Yield what follows ``starledger`` wherever a page quotes a command."""
    shell = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for fence in shell for line in fence.replace("\\\n", " ").splitlines()]
    typed = [one.command.replace("\\\n", " ") for one in console_examples(text)]
    lines += [command.splitlines()[0] for command in typed]
    lines += re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    for line in lines:
        if found := re.search(r"(?:^|\s|bin/)starledger (?P<rest>[^|&#]+)", line):
            yield re.sub(r"""["'].*""", "x", found["rest"]).strip()


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """Make a home that also the server's user can enter, when we are root."""
    with tempfile.TemporaryDirectory(prefix="starledger-test-", dir="/tmp") as home:
        Path(home).chmod(0o755)
        yield Path(home)


@pytest.mark.slow
def test_pages_build_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going"]
    command += ["--quiet", "--no-color"]
    command += ["-d", f"{tmp_path}/doctrees", f"{HOUSE}/docs", f"{tmp_path}/html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    generated = tmp_path / "html" / "reference" / "generated"
    assert_each_is_in(generated / "columns.html", [table.name for table in metadata.sorted_tables])
    assert_each_is_in(generated / "labels.html", LABELS)
    assert_each_is_in(generated / "flags.html", [flag.name for flag in FLAGS])
    assert_each_is_in(generated / "settings.html", Settings.model_fields)
    assert_each_is_in(generated / "commands.html", ["starledger db upgrade", "starledger doctor"])
    assert_each_is_in(generated / "exit-codes.html", ["SchemaMismatch"])


def assert_each_is_in(page: Path, names: Iterable[str]) -> None:
    text = re.sub(r"<[^>]+>", "", page.read_text("utf-8"))
    assert [name for name in names if name not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_examples_answer_as_shown(page: Path, empty_home: Path) -> None:
    examples = list(console_examples(page.read_text("utf-8")))
    assert examples
    assert_answers(examples, empty_home)


def assert_answers(examples: Iterable[Example], home: Path) -> None:
    """Type commands as a user with this home and nothing else, and compare their answers."""
    for example in examples:
        done = typed(example.command, home)
        assert agrees(example.answer, done.stdout), f"$ {example.command}\n{done.stdout}"
        assert done.returncode == 0, example.command


def agrees(promised: str, said: str) -> bool:
    """Tell whether an answer is the promised one, but for white space and the width of rules."""
    plain = [re.sub(r"-{2,}", "--", text).strip() + "\n" for text in (promised, said)]
    return doctest.OutputChecker().check_output(plain[0], plain[1], LOOSELY)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_mentioned_exist(page: Path) -> None:
    for line in commands_mentioned(page.read_text("utf-8")):
        parse(shlex.split(line))


def parse(arguments: list[str]) -> None:
    """Raise `click.UsageError` unless our command line has this command with these options."""
    command: click.Command | None = root
    context = click.Context(root)
    while isinstance(command, click.Group):
        _, arguments, _ = command.make_parser(context).parse_args(arguments)
        if not arguments:
            return
        # A group may take an argument for the name of something else than a command.
        _, command, arguments = command.resolve_command(context, arguments)
        assert command is not None
        context = click.Context(command, parent=context, **command.context_settings)
    assert command is not None
    command.make_parser(context).parse_args(arguments)


def names_imported(text: str) -> Iterator[tuple[str, str]]:
    """Yield module and name of what the Python of a page imports of ours."""
    for fence in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(fence)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("starledger"):
                yield from ((str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_mentioned_exists(page: Path) -> None:
    """The one module that its page tells how to write is left aside."""
    found = set(names_imported(page.read_text("utf-8")))
    for module, name in found - {("starledger.compute.models.linear", "Linear")}:
        assert hasattr(importlib.import_module(module), name), f"{module} has no {name}"


@pytest.mark.parametrize(
    "line", ["db upgraed", "db upgrade --jes", "--hoem /data status", "fits", "status --jsom"]
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(shlex.split(line))


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", (HOUSE / "README.md").read_text("utf-8"))
    assert [name for name in targets if "://" not in name and not (HOUSE / name).exists()] == []


def test_an_example_is_read_with_its_continuation_and_answer() -> None:
    page = "text\n```console\n$ one\n> more\nsaid\n\n- said\n$ two\n```\n```sh\n$ three\n```\n"
    assert list(console_examples(page)) == [
        Example("one\nmore", "said\n\n- said"),
        Example("two", ""),
    ]


@pytest.mark.parametrize(
    ("promised", "said", "agreed"),
    [
        ("a  ...\n--+---", "a b c\n----+-----", True),
        ("a ...\nd", "a b c", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_answers_are_compared_loosely(promised: str, said: str, agreed: bool) -> None:
    assert agrees(promised, said) is agreed
