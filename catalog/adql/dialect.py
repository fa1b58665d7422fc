"""ADQL 2.1 as a dialect of sqlglot: fewer words and marks, and every function stays itself."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import Dialect, exp, parser, tokens
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import Token, TokenType

WORDS = (
    "ALL AND ASC BETWEEN CASE CROSS DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FROM FULL HAVING"
    " ILIKE IN INNER INTERSECT IS JOIN LEFT LIKE NATURAL NOT NULL OFFSET ON OR OUTER RIGHT SELECT"
    " THEN TOP TRUE UNION USING WHEN WHERE WITH BIGINT SMALLINT DOUBLE CHAR VARCHAR TIMESTAMP"
)

KEYWORDS = {word: TokenType[word] for word in WORDS.split()} | {
    "||": TokenType.DPIPE,
    ">=": TokenType.GTE,
    "<=": TokenType.LTE,
    "<>": TokenType.NEQ,
    "!=": TokenType.NEQ,
    "AS": TokenType.ALIAS,
    "GROUP BY": TokenType.GROUP_BY,
    "ORDER BY": TokenType.ORDER_BY,
    "INTEGER": TokenType.INT,
    "INT": TokenType.INT,
    "REAL": TokenType.FLOAT,
    "DOUBLE PRECISION": TokenType.DOUBLE,
}

NAMES = {TokenType.VAR, TokenType.IDENTIFIER}

MARKS = {
    TokenType.L_PAREN, TokenType.R_PAREN, TokenType.COMMA, TokenType.DOT, TokenType.STAR,
    TokenType.PLUS, TokenType.DASH, TokenType.SLASH, TokenType.EQ, TokenType.LT, TokenType.GT,
    TokenType.AMP, TokenType.PIPE, TokenType.CARET, TokenType.TILDE,
    TokenType.NUMBER, TokenType.STRING, TokenType.HEX_STRING,
}  # fmt: skip

TOKENS = frozenset(NAMES | MARKS | set(KEYWORDS.values()))
"""What a query may consist of."""

CLAUSES = (
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.HAVING,
    TokenType.ORDER_BY,
    TokenType.OFFSET,
)

TYPES = "SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION, CHAR(n), VARCHAR(n) and TIMESTAMP"
"""What a value can be cast to."""

BEFORE_COMMA = NAMES | {
    TokenType.R_PAREN, TokenType.STAR, TokenType.NUMBER, TokenType.STRING, TokenType.HEX_STRING,
    TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.END, TokenType.ASC, TokenType.DESC,
}  # fmt: skip
"""What can stand before a comma: the parser itself passes over a comma too many."""

AFTER_COMMA = NAMES | {
    TokenType.L_PAREN, TokenType.STAR, TokenType.NUMBER, TokenType.STRING, TokenType.HEX_STRING,
    TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.CASE, TokenType.NOT,
    TokenType.EXISTS, TokenType.DOT, TokenType.PLUS, TokenType.DASH, TokenType.TILDE,
}  # fmt: skip
"""What can stand after one."""

EMPTY = Token(TokenType.VAR, "", 1, 1, 0, 0, [])


class Refused(ParseError):
    """The parser cannot go on at some character of the text."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(why)
        self.offset = offset
        self.why = why


class Adql(Dialect):
    """ADQL 2.1, as far as its words and marks go; what they may say is checked afterwards."""

    class Tokenizer(tokens.Tokenizer):
        """Comments begin with two dashes, and nothing escapes but a doubled quote."""

        COMMENTS: ClassVar = ["--"]
        HEX_STRINGS: ClassVar = [("0x", ""), ("0X", "")]
        KEYWORDS: ClassVar = KEYWORDS
        COMMANDS: ClassVar = set()

    class Parser(parser.Parser):
        """No functions but CAST and CASE have a syntax of their own."""

        FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar = {"CAST": parser.Parser.FUNCTION_PARSERS["CAST"]}
        NO_PAREN_FUNCTIONS: ClassVar = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {
            "CASE": parser.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }
        STATEMENT_PARSERS: ClassVar = {}
        QUERY_MODIFIER_PARSERS: ClassVar = {
            clause: parser.Parser.QUERY_MODIFIER_PARSERS[clause] for clause in CLAUSES
        }
        # TOP belongs to its own SELECT, also to the last one of a union.
        SET_OP_MODIFIERS: ClassVar = {"order", "offset"}

        def raise_error(self, message: str, token: Token = EMPTY) -> None:
            """Stop at the word where the parser stands."""
            at = token if token is not EMPTY else self._curr
            offset = at.start if at else len(self.sql.rstrip())
            raise Refused(offset, message)

        def expression(  # type: ignore[override]  # whatever comes in comes out
            self,
            instance: exp.Expr,
            token: Token | None = None,
            comments: list[str] | None = None,  # noqa: ARG002
        ) -> exp.Expr:
            """Note where each part of the query stands: its own word, or the last of it."""
            at = token or self._prev
            if at:
                instance.update_positions(at)
            return instance if instance.is_primitive else self.validate_expression(instance)

        def _parse_select(self, *given: Any, **named: Any) -> exp.Expr | None:
            """Refuse a query that begins with FROM, which sqlglot takes for one of all columns."""
            if self._curr and self._curr.token_type is TokenType.FROM:
                self.raise_error("a query begins with SELECT", self._curr)
            return super()._parse_select(*given, **named)

        def _parse_join(self, *given: Any, **named: Any) -> exp.Join | None:
            """Note whether the word JOIN was there, or only a comma."""
            comma = bool(self._curr) and self._curr.token_type is TokenType.COMMA
            join = super()._parse_join(*given, **named)
            if isinstance(join, exp.Join):
                join.meta["comma"] = comma
            return join

        def _parse_user_defined_type(self, identifier: exp.Expr) -> exp.Expr | None:  # noqa: ARG002
            """Refuse types that are not ADQL's."""
            self.raise_error(f"types are {TYPES}", self._prev)
            return None
