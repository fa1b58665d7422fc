"""Text in, a tree out that holds nothing but what ADQL has."""

from __future__ import annotations

import re
from typing import NoReturn

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from starledger.catalog.adql.allowed import stranger
from starledger.catalog.adql.dialect import AFTER_COMMA, BEFORE_COMMA, NAMES, TOKENS, Adql, Refused
from starledger.catalog.adql.errors import AdqlError, place

LONGEST = 250_000
"""Characters of a query: a list of ten thousand identifiers passes."""

DEEPEST = 50
"""Brackets within brackets."""

ADQL = Adql()

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
BETWEEN_WORDS = re.compile(r"(\s|--[^\n\r]*)*\Z", re.ASCII)
WORD = re.compile(r"\w+|\S")

ODDITIES = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What sqlglot's parser, which is made for good queries, may raise of odd ones."""

ADVICE = {
    TokenType.SEMICOLON: "Give one query at a time.",
    TokenType.MOD: "Write MOD(x, y).",
    TokenType.PLACEHOLDER: "Write the value itself.",
    TokenType.PARAMETER: "Write the value itself.",
    TokenType.COLON: "Write the value itself, and CAST(x AS type) to change its type.",
    TokenType.NATIONAL_STRING: "Write the text in single quotes without a letter before.",
}
"""What to write in place of marks that other languages have."""


def refuse(
    text: str, offset: int, what: str, remedy: str = "", word: str | None = None
) -> NoReturn:
    """Raise the error about a word of a query."""
    found = WORD.match(text, offset)
    line, column = place(text, offset)
    raise AdqlError(
        what,
        remedy=remedy,
        line=line,
        column=column,
        word=word if word is not None else found[0] if found else "",
    )


def read(text: str) -> exp.Expr:
    """Return the tree of a query.

    Raises
    ------
    AdqlError
        It is too long or too deep, is no query, or has a part that ADQL has not.

    Examples
    --------
    >>> read("SELECT TOP 3 teff FROM star").sql()
    'SELECT teff FROM star LIMIT 3'
    >>> read("SELECT teff FROM star WITH")
    Traceback (most recent call last):
    starledger.catalog.adql.errors.AdqlError: Line 1, column 23: This is not expected here...
    """
    if len(text) > LONGEST:
        refuse(text, 0, f"The query has {len(text)} characters; {LONGEST} are allowed.",
               "Upload a list as a table and join with it.")  # fmt: skip
    if found := CONTROL.search(text):
        refuse(text, found.start(), f"The query has the character U+{ord(found[0]):04X}.",
               "Take it out.", word="")  # fmt: skip
    try:
        words = _words(text)
        trees = Adql.Parser(dialect=ADQL).parse(words, text)
    except Refused as refused:
        _not_expected(text, refused)
    except (*ODDITIES, SqlglotError) as error:
        refuse(text, 0, f"This cannot be read: {str(error)[:60]}.")
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Select | exp.SetOperation | exp.Subquery):
        refuse(text, words[0].start, "This is no query.", "A query begins with SELECT or WITH.")
    if strange := stranger(tree):
        node, name = strange
        refuse(text, start(node), f"ADQL has no {name}.")
    return tree


def start(node: exp.Expr) -> int:
    """Return where in the text a part of it begins."""
    places = [at for one in node.walk() if (at := one.meta.get("start")) is not None]
    return min(places, default=0)


def _not_expected(text: str, refused: Refused) -> NoReturn:
    why = refused.why.removeprefix("Invalid expression / ")
    if refused.offset >= len(text.rstrip()):
        refuse(text, refused.offset, "The query ends too early.", "Complete it.", word="")
    said = "" if why.startswith(("Unexpected", "Required")) else f" ({why})"
    refuse(text, refused.offset, f"This is not expected here{said}.",
           "The page “Ask with ADQL” shows what can be written.")  # fmt: skip


def _words(text: str) -> list[Token]:
    """Return the words and marks of a query, each of which ADQL has."""
    try:
        words = ADQL.tokenize(text)
    except SqlglotError:
        _unclosed(text)
    if words and words[-1].token_type is TokenType.SEMICOLON:
        words.pop()
    if not words:
        refuse(text, 0, "The query is empty.", "Write SELECT …", word="")
    depth = 0
    before: Token | None = None
    for word in words:
        _check(text, word, before)
        if word.token_type is TokenType.L_PAREN:
            depth += 1
            if depth > DEEPEST:
                refuse(text, word.start, f"More than {DEEPEST} brackets are open here.",
                       "Name parts of the query in a WITH clause.")  # fmt: skip
        elif word.token_type is TokenType.R_PAREN:
            depth -= 1
        before = word
    if "{#" in text:
        _check_gaps(text, words)
    return words


def _check(text: str, word: Token, before: Token | None) -> None:
    """Refuse a word or mark that ADQL does not have, or not after the one before."""
    kind = word.token_type
    if kind not in TOKENS:
        refuse(text, word.start, f"ADQL has no {text[word.start:word.end + 1][:20]!r}.",
               ADVICE.get(kind, ""))  # fmt: skip
    if kind is TokenType.VAR and not REGULAR.match(word.text):
        refuse(text, word.start, f"{word.text[:40]!r} is no name.",
               'Names are letters, digits and _; put others into "double quotes".')  # fmt: skip
    if before is not None:
        _check_beside(text, word, before)


def _check_beside(text: str, word: Token, before: Token) -> None:
    """Refuse a word or mark that cannot stand behind the one before."""
    kind = word.token_type
    if (before.token_type is TokenType.COMMA and kind not in AFTER_COMMA) or (
        kind is TokenType.COMMA and before.token_type not in BEFORE_COMMA
    ):
        refuse(text, word.start, "Something is missing at this comma.", "Take the comma away.")
    opens_number = text[word.end + 1 : word.end + 2].isdigit()
    if kind is TokenType.DOT and before.token_type not in NAMES and not opens_number:
        refuse(text, word.start, "No name stands before this dot.",
               "Write schema.table or table.column.")  # fmt: skip
    touches = before.end + 1 == word.start
    if touches and before.token_type in _NUMBERS and kind not in _AFTER_NUMBERS:
        refuse(text, word.start, "A number runs into a word.", "Put a space between them.")
    if touches and before.token_type is TokenType.SLASH and kind is TokenType.STAR:
        refuse(text, before.start, "ADQL has no comments in /* */.", "Begin comments with --.")
    if before.text.upper() == "NULLS" and word.text.upper() in {"FIRST", "LAST"}:
        refuse(text, before.start, "ADQL cannot say where NULL is sorted.",
               "Leave rows without a value out by IS NOT NULL.")  # fmt: skip
    if kind in _NUMBERS and before.text.upper() == "LIMIT":
        refuse(text, before.start, "ADQL has no LIMIT.", "Write SELECT TOP n …")
    if kind is TokenType.STRING and before.token_type in {TokenType.STRING, TokenType.VAR}:
        refuse(text, before.start, "Nothing can stand right before a text.",
               "Join texts with ||, and put names into double quotes.")  # fmt: skip


_NUMBERS = {TokenType.NUMBER, TokenType.HEX_STRING}
_AFTER_NUMBERS = TOKENS - NAMES - _NUMBERS - {TokenType.STRING, TokenType.DOT}


def _unclosed(text: str) -> NoReturn:
    for quote in ("'", '"'):
        if text.count(quote) % 2:
            at = text.rfind(quote)
            refuse(text, at, "This quote is not closed.", f"Add {quote}.", word=quote)
    refuse(text, 0, "The query cannot be split into words.", "Look at its quotes.")


def _check_gaps(text: str, words: list[Token]) -> None:
    """Refuse comments that the library knows and ADQL does not."""
    at = 0
    for word in words:
        if not BETWEEN_WORDS.match(text[at : word.start]):
            refuse(text, at, "ADQL has no comments in {# #}.", "Begin comments with --.")
        at = word.end + 1
    if not BETWEEN_WORDS.match(text[at:].rstrip("; \t\r\n")):
        refuse(text, at, "ADQL has no comments in {# #}.", "Begin comments with --.")
