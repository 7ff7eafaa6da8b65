"""The PromQL in rule files of Prometheus and in PrometheusRule objects. Pure."""

import re
from collections.abc import Iterator
from typing import cast

from planner.usage import Expression
from render import Document, Json

#: `{{ with query "up" }}` in an annotation; such a text is not read, but what it names is used.
_TEMPLATE_QUERY = re.compile(r"\{\{.*\bquery\b.*\}\}", re.DOTALL)


def expressions(document: Json, origin: str) -> Iterator[Expression]:
    """All of a document, also the names that it records: edges do not send those. ValueError if it has no rules."""
    spec = document.get("spec", document) if isinstance(document, dict) else None
    groups = spec.get("groups") if isinstance(spec, dict) else None
    if not isinstance(groups, list):
        raise ValueError("has no list of `groups`")
    for group in cast("list[Document]", groups):
        rules: list[Document] = group.get("rules") or []
        for rule in rules:
            name: str = rule.get("record") or rule.get("alert") or "?"
            where = f"{origin}: {name}"
            yield Expression(str(rule.get("expr", "")), where)
            if "record" in rule:
                yield Expression(name, where)
            annotations: Document = rule.get("annotations") or {}
            for text in annotations.values():
                if _TEMPLATE_QUERY.search(str(text)):
                    yield Expression(str(text), where)
