"""From the text of a query to its tree; what is wrong is said with its place."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jmespath import exceptions, functions, lexer, parser

from dsl.decimals import bounded, parse_decimal
from dsl.errors import DslError, FunctionFailure

LONGEST = 2_000
DEEPEST = 120
MOST_PROJECTIONS = 60
_CHAINS = {"pipe", "or_expression", "and_expression"}
_OPENING = {"lparen": 1, "lbracket": 1, "filter": 1, "lbrace": 1, "rparen": -1, "rbracket": -1, "rbrace": -1}
Token = dict[str, Any]


class QueryFault(DslError):
    """The text is no JMESPath expression that can be used; `position` counts characters from its start."""

    code = "query_unreadable"

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message, {"position": position})
        self.position = position


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A query that has been read and checked."""

    text: str
    tree: dict[str, Any]


class ExactLexer(lexer.Lexer):  # type: ignore[misc]
    """JMESPath's lexer with the numbers of JSON literals as int and Decimal."""

    def _consume_literal(self) -> Token:
        start = self._position
        text = self._consume_until("`").replace("\\`", "`")
        try:
            value = _json(text)
        except QueryFault as fault:
            raise QueryFault(fault.message, start) from None
        except ValueError:
            try:
                value = json.loads(f'"{text.lstrip()}"')
            except ValueError:
                raise exceptions.LexerError(start, text, f"`{text}` is no JSON") from None
        return {"type": "literal", "value": value, "start": start, "end": self._position - start}


def _json(text: str) -> Any:
    return json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_constant)


def _number(text: str) -> int | Decimal:
    try:
        exact = parse_decimal(text)
    except FunctionFailure as failure:
        raise QueryFault(failure.message) from None
    return exact if "." in text or "e" in text.lower() else int(bounded(exact))


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


class ListParser(parser.Parser):  # type: ignore[misc]
    """JMESPath's parser on tokens that are there already."""

    def parse_tokens(self, tokens: list[Token]) -> dict[str, Any]:
        """The tree of an expression."""
        self._tokens = tokens
        self._index = 0
        tree: dict[str, Any] = self._expression(binding_power=0)
        if self._current_token() != "eof":
            token = self._lookahead_token(0)
            raise exceptions.ParseError(token["start"], token["value"], token["type"])
        return tree


def read_query(text: str) -> Query:
    """The query of a text; raises QueryFault."""
    read = (
        _read(text)
        if len(text) <= LONGEST
        else QueryFault(f"the expression is longer than {LONGEST} characters")
    )
    if isinstance(read, QueryFault):
        raise QueryFault(read.message, read.position)
    return read


@lru_cache(maxsize=512)
def _read(text: str) -> Query | QueryFault:
    try:
        tokens = list(ExactLexer().tokenize(text))
        _check_nesting(tokens)
        tree = flat(ListParser().parse_tokens(tokens))
        _check_calls(tokens)
        _check_tree(tree)
        return Query(text, tree)
    except QueryFault as fault:
        return fault
    except exceptions.EmptyExpressionError:
        return QueryFault("the expression is empty")
    except exceptions.ParseError as error:
        return _told(error, text)
    except (exceptions.JMESPathError, ValueError) as error:
        return QueryFault(f"the expression can't be read: {str(error).splitlines()[0][:100]}")
    except RecursionError:
        return QueryFault("the expression is nested too deeply")


def _told(error: exceptions.ParseError, text: str) -> QueryFault:
    if isinstance(error, exceptions.LexerError):
        return QueryFault(f"the expression can't be read: {error.message[:100]}", error.lexer_position)
    if isinstance(error, exceptions.IncompleteExpressionError) or error.token_type == "EOF":
        return QueryFault("the expression is not complete", len(text))
    return QueryFault(f'"{str(error.token_value)[:40]}" has no place here', error.lex_position)


def _check_nesting(tokens: list[Token]) -> None:
    """Before the parser, which calls itself, sees them."""
    depth = prefixes = projections = 0
    for token in tokens:
        kind = token["type"]
        depth += _OPENING.get(kind, 0)
        prefixes = prefixes + 1 if kind in ("not", "expref") else 0
        projections += kind in ("star", "flatten", "filter", "colon")
        if depth + prefixes > DEEPEST or projections > MOST_PROJECTIONS:
            raise QueryFault(f"the expression is nested more than {DEEPEST} levels deep", token["start"])


def _check_calls(tokens: list[Token]) -> None:
    table = functions.Functions.FUNCTION_TABLE
    for index, token in enumerate(tokens[:-1]):
        if token["type"] != "unquoted_identifier" or tokens[index + 1]["type"] != "lparen":
            continue
        name, at = token["value"], token["start"]
        if name not in table:
            raise QueryFault(f"JMESPath has no function {name}()", at)
        given, wanted = sum(1 for _ in _arguments(tokens[index + 1 :])), table[name]["signature"]
        variadic = bool(wanted) and bool(wanted[-1].get("variadic"))
        if given < len(wanted) or (given > len(wanted) and not variadic):
            least = "at least " if variadic else ""
            raise QueryFault(
                f"{name}() takes {least}{len(wanted)} argument{'s' * (len(wanted) != 1)}, not {given}", at
            )


def _arguments(tokens: list[Token]) -> Iterator[Token]:
    """The first token of each argument of a call, from its opening bracket on."""
    depth, fresh = 0, False
    for token in tokens:
        kind = token["type"]
        if depth == 1 and (fresh and kind != "rparen"):
            yield token
            fresh = False
        depth += _OPENING.get(kind, 0)
        if depth == 0:
            return
        fresh = fresh or (depth == 1 and kind in ("lparen", "comma") and kind != "rparen")


def flat(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree with `a | b | c`, `a || b || c` and `a && b && c` as one node each, whatever their length."""
    kind = tree["type"]
    if kind not in _CHAINS:
        children = [flat(child) if isinstance(child, dict) else child for child in tree.get("children", [])]
        return {**tree, "children": children}
    parts: list[dict[str, Any]] = []
    node = tree
    while node["type"] == kind:
        node, right = node["children"]
        parts.append(flat(right))
    parts.append(flat(node))
    return {**tree, "children": parts[::-1]}


def _check_tree(tree: dict[str, Any]) -> None:
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node["children"] if isinstance(child, dict)]
        if any(node["type"] == "slice" and node["children"][2] == 0 for node in level):
            raise QueryFault("a slice can't have a step of 0")
        if not level:
            return
    raise QueryFault(f"the expression is nested more than {DEEPEST} levels deep")
