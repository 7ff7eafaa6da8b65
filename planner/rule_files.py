"""The PromQL in rule files of Prometheus and in PrometheusRule objects. Pure."""

import re
from collections.abc import Iterator, Mapping

from planner.usage import Expression

#: `{{ with query "up" }}` in an annotation; such a text is not read, but what it names is used.
_TEMPLATE_QUERY = re.compile(r"\{\{.*\bquery\b.*\}\}", re.DOTALL)


def expressions(document: object, origin: str) -> Iterator[Expression]:
    """All of a document, also the names that it records: edges do not send those. ValueError if it has no rules."""
    document = document.get("spec", document) if isinstance(document, Mapping) else {}
    groups = document.get("groups")
    if not isinstance(groups, list):
        raise ValueError("has no list of `groups`")
    for group in groups:
        for rule in group.get("rules") or []:
            name = rule.get("record") or rule.get("alert") or "?"
            where = f"{origin}: {name}"
            yield Expression(str(rule.get("expr", "")), where)
            if "record" in rule:
                yield Expression(name, where)
            for text in (rule.get("annotations") or {}).values():
                if _TEMPLATE_QUERY.search(str(text)):
                    yield Expression(str(text), where)
