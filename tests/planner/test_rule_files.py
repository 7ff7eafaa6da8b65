"""PromQL in rule files."""

import pytest

from planner.rule_files import expressions

GROUPS = {
    "groups": [
        {
            "name": "g",
            "rules": [
                {"record": "job:a:sum", "expr": "sum by (job) (a)"},
                {
                    "alert": "Bad",
                    "expr": "b > 0",
                    "annotations": {"summary": "{{ $value }} in query", "who": '{{ with query "c" }}{{ . }}{{ end }}'},
                },
            ],
        },
        {"name": "empty", "rules": None},
    ]
}


@pytest.mark.parametrize("document", [GROUPS, {"kind": "PrometheusRule", "spec": GROUPS}])
def test_expressions_records_and_queries_in_annotations_are_read(document):
    found = list(expressions(document, "a.yaml"))
    assert [each.text for each in found] == [
        "sum by (job) (a)",
        "job:a:sum",
        "b > 0",
        '{{ with query "c" }}{{ . }}{{ end }}',
    ]
    assert [each.origin for each in found] == ["a.yaml: job:a:sum"] * 2 + ["a.yaml: Bad"] * 2


@pytest.mark.parametrize("document", [[], {}, {"spec": {}}, {"groups": {}}])
def test_what_has_no_groups_is_no_file_of_rules(document):
    with pytest.raises(ValueError, match="no list of `groups`"):
        list(expressions(document, "a.yaml"))
