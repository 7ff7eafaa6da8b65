"""What is wrong with an expression, as far as the names, types and labels of its metrics tell."""

from collections.abc import Iterator, Mapping

import promql_parser as p

#: Functions for which a counter is made.
OF_COUNTERS = {"rate", "increase", "irate", "resets"}


def problems(text: str, metrics: Mapping) -> list[str]:
    """Nothing, if Prometheus would evaluate it to what a panel can show and there is something to evaluate."""
    try:
        expr = p.parse(text)
    except ValueError as error:
        return [str(error)]
    if isinstance(expr, p.MatrixSelector | p.SubqueryExpr | p.StringLiteral):
        return ["is no vector and no number"]
    return list(_problems(expr, metrics, within=None))


def _problems(node: object, metrics: Mapping, within: str | None) -> Iterator[str]:
    """`within`: the function that a selector is the argument of."""
    match node:
        case p.VectorSelector():
            yield from _of_selector(node, metrics, within)
        case p.Call() if node.func.name == "histogram_quantile":
            yield from _of_quantile(node.args[1], metrics)
        case p.AggregateExpr() if node.modifier:
            known, asked = labels(node.expr, metrics), set(node.modifier.labels)
            if known is not None and asked - known:
                yield f"{node.expr} has no label {', '.join(sorted(asked - known))}"
    function = node.func.name if isinstance(node, p.Call) else within if isinstance(node, p.MatrixSelector) else None
    for child in _children(node):
        yield from _problems(child, metrics, function)


def _of_selector(node: p.VectorSelector, metrics: Mapping, within: str | None) -> Iterator[str]:
    if node.name not in metrics:
        yield f"nobody exposes {node.name}"
        return
    metric = metrics[node.name]
    if metric.counter and within not in OF_COUNTERS:
        yield f"{node.name} is a counter, and {within or 'nothing'} takes it as it is"
    if not metric.counter and within in OF_COUNTERS:
        yield f"{within} of {node.name}, which is no counter"
    asked = {matcher.name for matcher in node.matchers.matchers}
    if metric.labels is not None and asked - metric.labels:
        yield f"{node.name} has no label {', '.join(sorted(asked - metric.labels))}"


def _of_quantile(node: object, metrics: Mapping) -> Iterator[str]:
    names = [each.name or "" for each in selectors(node)]
    if not all(name.endswith("_bucket") for name in names):
        yield f"histogram_quantile of {', '.join(names)}, which is no series of buckets"
    kept = labels(node, metrics)
    if kept is not None and "le" not in kept:
        yield f"histogram_quantile of {node}, which has lost le"


def selectors(node: object) -> Iterator[p.VectorSelector]:
    if isinstance(node, p.VectorSelector):
        yield node
    for child in _children(node):
        yield from selectors(child)


def asked(text: str) -> list[tuple[str, set[tuple[str, str]]]]:
    """Of each selector the metric, and (label, value) of its matchers."""
    found = selectors(p.parse(text))
    return [(each.name or "", {(match.name, match.value) for match in each.matchers.matchers}) for each in found]


def labels(node: object, metrics: Mapping) -> set[str] | None:
    """Names of the labels that a result may have; None if they are not known."""
    match node:
        case p.VectorSelector():
            known = metrics[node.name].labels if node.name in metrics else None
            return None if known is None else set(known)
        case p.AggregateExpr():
            if node.modifier is None:
                return set()
            if str(node.modifier.type).endswith("By"):
                return set(node.modifier.labels)
            inner = labels(node.expr, metrics)
            return None if inner is None else inner - set(node.modifier.labels)
        case p.BinaryExpr():
            return _of_binary(node, metrics)
        case p.Call():
            return _of_call(node, metrics)
    found = [labels(child, metrics) for child in _children(node)]
    return found[0] if found else set()


def _of_binary(node: p.BinaryExpr, metrics: Mapping) -> set[str] | None:
    left, right = labels(node.lhs, metrics), labels(node.rhs, metrics)
    if left is None or right is None:
        return None
    if str(node.op) == "or" or _is_number(node.lhs):
        return left | right
    if node.modifier and "OneToMany" in str(node.modifier.card):
        return right
    return left


def _of_call(node: p.Call, metrics: Mapping) -> set[str] | None:
    if not node.args or node.func.name in ("scalar", "vector", "time"):
        return set()
    inner = labels(node.args[1 if node.func.name == "histogram_quantile" else 0], metrics)
    if inner is None:
        return None
    if node.func.name == "histogram_quantile":
        return inner - {"le"}
    return inner | {node.args[1].val} if node.func.name == "label_replace" else inner


def _is_number(node: object) -> bool:
    return isinstance(node, p.NumberLiteral) or (isinstance(node, p.Call) and node.func.name in ("time", "scalar"))


def _children(node: object) -> list[object]:
    match node:
        case p.BinaryExpr():
            return [node.lhs, node.rhs]
        case p.Call():
            return list(node.args)
        case p.MatrixSelector():
            return [node.vector_selector]
        case p.AggregateExpr() | p.ParenExpr() | p.UnaryExpr() | p.SubqueryExpr():
            return [node.expr]
    return []
