"""Which metrics are used: the names that PromQL selects. Pure.

All other labels are ignored: `up{job="x"}` uses the whole of `up`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import promql_parser
import re2
from promql_parser import MatchOp

#: Stands in a text where something is put in later; PromQL takes it for a name.
VARIABLE = "__variable__"
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
#: What matches this, which no metric is called, matches just any name.
_NOBODY = "__nobody__"

Condition = tuple[str, str]
"""Of a metric's name: =, !=, =~ or !~, and what follows it."""


@dataclass(frozen=True)
class Expression:
    """PromQL, and where it stands."""

    text: str
    origin: str
    """In words for people, e.g. a file and a rule."""
    context: str = ""
    """Where else its metrics may be named, if it does not say them itself: the texts of the whole dashboard."""


@dataclass(frozen=True)
class Unclear:
    """An expression whose metrics are not known: whatever its text or context names is taken for used."""

    expression: Expression
    reason: str


@dataclass
class Usage:
    """What expressions use."""

    selectors: dict[tuple[Condition, ...], Expression] = field(default_factory=dict)
    """Conditions that must all hold for a name, with the first expression that has them."""
    nameless: list[Expression] = field(default_factory=list)
    """Those with a selector that takes metrics of any name, e.g. {job="x"}."""
    unclear: list[Unclear] = field(default_factory=list)

    def used(self, stored: Iterable[str]) -> dict[str, str]:
        """The names among `stored` that are used, with the origin of an expression that does; not by `nameless`."""
        stored = set(stored)
        found: dict[str, str] = {}
        for conditions, expression in self.selectors.items():
            if len(conditions) == 1 and conditions[0][0] == "=":
                names = stored & {conditions[0][1]}
            else:
                names = {name for name in stored if all(holds(name) for holds in map(_compiled, conditions))}
            for name in names:
                found.setdefault(name, expression.origin)
        contexts: dict[str, str] = {}
        for unclear in self.unclear:
            for text in (unclear.expression.text, unclear.expression.context):
                contexts.setdefault(text, unclear.expression.origin)
        for text, origin in contexts.items():
            for name in _named(text, stored):
                found.setdefault(name, f"named in what is not understood: {origin}")
        return found


def usage(expressions: Iterable[Expression]) -> Usage:
    """What the expressions use."""
    found = Usage()
    for expression in {(each.text, each.context): each for each in expressions}.values():
        try:
            selectors = _selectors(expression.text)
        except (ValueError, re2.error) as error:
            found.unclear.append(Unclear(expression, str(error)))
            continue
        if any(map(_takes_any, selectors)):
            found.nameless.append(expression)
        for conditions in selectors:
            if not _takes_any(conditions):
                found.selectors.setdefault(conditions, expression)
    return found


def _selectors(text: str) -> list[tuple[Condition, ...]]:
    """The conditions on the name of each selector. ValueError for no PromQL, or where a variable hides the name."""
    selectors: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            selectors.append(node)

    promql_parser.walk(_parsed(text), visit)
    found: list[tuple[Condition, ...]] = []
    for selector in selectors:
        name = [("=", selector.name)] if selector.name else []
        # {a or b}: each alternative selects for itself.
        for matchers in selector.matchers.or_matchers or [selector.matchers.matchers]:
            conditions = name + [(_operator(each.op), each.value) for each in matchers if each.name == "__name__"]
            found.append(tuple(filter(None, map(_settled, conditions))))
    return found


def _parsed(text: str) -> promql_parser.Expr:
    try:
        return promql_parser.parse(text)
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the library's Rust, e.g. for `offset 1e999`; no Exception
            raise ValueError(str(error)) from None
        raise


def _operator(operator: MatchOp) -> str:
    return next(
        text
        for kind, text in (
            (MatchOp.Equal, "="),
            (MatchOp.NotEqual, "!="),
            (MatchOp.Re, "=~"),
            (MatchOp.NotRe, "!~"),
        )
        if kind == operator
    )


def _settled(condition: Condition) -> Condition | None:
    """The condition with anything in place of variables; None if it then says nothing."""
    operator, value = condition
    if operator.endswith("~"):
        re2.compile(value)
    if VARIABLE not in value:
        return condition
    if operator.startswith("!"):
        return None
    if not re.search(r"\w", value.replace(VARIABLE, "")):
        raise ValueError("a variable stands for the name of a metric")
    if operator == "=":
        return "=~", ".*".join(map(re2.escape, value.split(VARIABLE)))
    return "=~", value.replace(VARIABLE, ".*")


def _takes_any(conditions: tuple[Condition, ...]) -> bool:
    return not any(
        operator == "=" or (operator == "=~" and not re2.fullmatch(value, _NOBODY)) for operator, value in conditions
    )


def _compiled(condition: Condition) -> Callable[[str], bool]:
    operator, value = condition
    match operator:
        case "=":
            return lambda name: name == value
        case "!=":
            return lambda name: name != value
        case _:
            pass
    expression = re2.compile(value)
    return lambda name: bool(expression.fullmatch(name)) == (operator == "=~")


def _named(text: str, stored: set[str]) -> set[str]:
    """Names that stand in a text as whole words; those with a variable in them stand for all that they may become."""
    words = set(_WORD.findall(text))
    found = stored & words
    found |= {name for name in stored if not _WORD.fullmatch(name) and name in text}
    for word in words:
        if VARIABLE in word and word.replace(VARIABLE, ""):
            expression = re2.compile(".*".join(map(re2.escape, word.split(VARIABLE))))
            found |= {name for name in stored if expression.fullmatch(name)}
    return found
