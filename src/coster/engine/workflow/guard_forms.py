"""A guard's text as a formula, as far as it can be told; whatever cannot is a term of its own, equal to itself only.

Understood are `&& || ! ( ) ? :`, and comparisons of anything with constants: whole numbers, text, true and false, lists of
these after `in`, and settings, which are constants. Two guards that write a term alike ask about the same value, since
expressions have no side effects. Reading is linear in the length of the text for each level of brackets, of which there are
at most fifty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from coster.engine.workflow.logic import All, Any, Atom, Formula, Not, Value, compare

DEEPEST = 50
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

Tokens: TypeAlias = "tuple[str, ...]"
Constant: TypeAlias = "Value | tuple[Value, ...]"

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>[rRbB]{0,2}(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))"""
    r"""|(?P<number>\d[\w.]*)|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||[=!<>]=|.))""",
    re.DOTALL,
)
_OPEN, _SHUT = ("(", "[", "{"), (")", "]", "}")
_GLUED = (".", "(", ")", "[", "]")


def formula(source: str, constants: Mapping[str, object]) -> Formula:
    """The formula of a guard; `constants` are the values of names that never change, the settings."""
    tokens = tuple(found[found.lastgroup or 0] for found in _TOKEN.finditer(source.strip()))
    return _read(tokens, constants, 0)


def _read(tokens: Tokens, constants: Mapping[str, object], depth: int) -> Formula:
    """The formula of tokens, the operator that binds least first."""
    if depth > DEEPEST or not tokens:
        return _itself(tokens)
    question = _split(tokens, ("?",))
    if len(question) > 1:
        return _chosen(tokens, constants, depth)
    for sign, kind in (("||", Any), ("&&", All)):
        parts = _split(tokens, (sign,))
        if len(parts) > 1:
            return kind(tuple(_read(part, constants, depth + 1) for part in parts))
    compared = _split(tokens, (*MIRRORED, "in"))
    if len(compared) == 2:
        test = tokens[len(compared[0])]
        return _compared(compared[0], test, compared[1], constants)
    if len(compared) > 2:
        return _itself(tokens)
    if tokens[0] == "!" and len(tokens) > 1:
        return Not(_read(tokens[1:], constants, depth + 1))
    if _enclosed(tokens):
        return _read(tokens[1:-1], constants, depth + 1)
    constant = _constant(tokens, constants)
    return constant if isinstance(constant, bool) else _itself(tokens)


def _chosen(tokens: Tokens, constants: Mapping[str, object], depth: int) -> Formula:
    """`asked ? one : other`; the colon that belongs to the first question mark divides."""
    first = len(_split(tokens, ("?",))[0])
    level = 0
    for place in range(first, len(tokens)):
        level += (tokens[place] in (*_OPEN, "?")) - (tokens[place] in (*_SHUT, ":"))
        if tokens[place] == ":" and level == 0:
            asked, one, other = (
                _read(part, constants, depth + 1)
                for part in (tokens[:first], tokens[first + 1 : place], tokens[place + 1 :])
            )
            return Any((All((asked, one)), All((Not(asked), other))))
    return _itself(tokens)


def _split(tokens: Tokens, signs: tuple[str, ...]) -> list[Tokens]:
    """The parts between signs that stand in no bracket."""
    parts, begin, level = [], 0, 0
    for place, token in enumerate(tokens):
        level += (token in _OPEN) - (token in _SHUT)
        if level == 0 and token in signs:
            parts.append(tokens[begin:place])
            begin = place + 1
    return [*parts, tokens[begin:]]


def _enclosed(tokens: Tokens) -> bool:
    """Whether the first bracket is shut by the last token only."""
    level = 0
    for place, token in enumerate(tokens):
        level += (token in _OPEN) - (token in _SHUT)
        if level == 0:
            return tokens[0] == "(" and place == len(tokens) - 1 and place > 0
    return False


def _compared(left: Tokens, test: str, right: Tokens, constants: Mapping[str, object]) -> Formula:
    """A comparison with a constant on one side or both; between two things that vary it is a term of its own."""
    one, other = _constant(left, constants), _constant(right, constants)
    if one is not None and other is not None and not isinstance(one, tuple):
        return compare(one, test, other)
    if test == "in":
        return Atom(_text(left), "in", other) if isinstance(other, tuple) else _itself((*left, test, *right))
    if other is not None and _fits(test, other):
        return Atom(_text(left), test, other)
    if one is not None and _fits(test, one):
        return Atom(_text(right), MIRRORED[test], one)
    return _itself((*left, test, *right))


def _fits(test: str, constant: Constant) -> bool:
    """Whether the comparison is understood: order only between numbers, and nothing with whole lists."""
    return not isinstance(constant, tuple) and (test in ("==", "!=") or not isinstance(constant, str | bool))


def _constant(tokens: Tokens, constants: Mapping[str, object]) -> Constant | None:
    """The value of tokens that are a constant; None when they are none."""
    while _enclosed(tokens):
        tokens = tokens[1:-1]
    if not tokens:
        return None
    name = _text(tokens)
    if name in constants:
        return _setting(constants[name])
    if name in ("true", "false"):
        return name == "true"
    if re.fullmatch(r"-?\d{1,18}", name):
        return int(name)
    if len(tokens) == 1 and name[0] in "'\"" and "\\" not in name:
        return name[1:-1]
    if tokens[0] == "[" and tokens[-1] == "]":
        parts = [_constant(part, constants) for part in _split(tokens[1:-1], (",",)) if part]
        values = tuple(part for part in parts if part is not None and not isinstance(part, tuple))
        return values if len(values) == len(parts) else None
    return None


def _setting(value: object) -> Constant | None:
    """A setting as a constant."""
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str | int))
    return value if isinstance(value, str | int) else None


def _text(tokens: Tokens) -> str:
    """Tokens as one text that does not depend on spaces; outer brackets say nothing."""
    while _enclosed(tokens):
        tokens = tokens[1:-1]
    written = ""
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else ""
        glued = not written or token in _GLUED or before in _GLUED or (place == 1 and before == "-")
        written += token if glued else f" {token}"
    return written


def _itself(tokens: Tokens) -> Formula:
    """A term that is true or false, and nothing else is known."""
    return Atom(_text(tokens), "==", True)
