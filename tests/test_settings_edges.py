"""Rules of the fleet: what is said of each that is broken, and that what they let through works."""

import base64
import re
import subprocess
from collections.abc import Iterator

import pulumi
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stack_file
from render import gateway_routes
from tests.engine import build, run_main
from tests.regions import CA, CA_DATA, REGION, VARIANTS, configured, credentials, problem, problems, region

API_SERVER = {"server": "https://eu-1.example:6443", "caData": CA_DATA}
NAME = "must be 2 to 40 lower-case letters, digits and hyphens that begin with a letter and do not end with a hyphen"
RE2 = "must be a regular expression of RE2"
KEY = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def edge(**more) -> dict:
    return {"name": "eu-1", **more}


@pytest.mark.parametrize(
    "name",
    ["Edge", "a.b", "a_b", "1a", "-a", "a-", "a", "a" * 41, "", "é", "\uff41b", "eu\n", "a b", "central", "${x}"],
)
def test_a_name_that_no_object_label_or_tenant_can_have_is_refused(name):
    found = problem("edges", [{"name": "eu-1"}, {"name": name}])
    reason = "must be another, because the stack's own" if name == "central" else f"{NAME}, because it is a label value"
    assert found.startswith(f"observability:edges[1].name is {name!r}: {reason}")


# What YAML makes of true, null, 1e3 (in Python 1000.0) and 12 without quotes; some of its releases also of on and no.
@pytest.mark.parametrize("name", [True, False, None, 1000.0, 12])
def test_a_name_that_yaml_takes_for_something_else_is_to_be_quoted(name):
    assert problem("edges", [{"name": name}]) == (
        f"observability:edges[0].name is {name!r}: must be a string, in quotes, because YAML reads it as something else"
    )
    assert "is 5: must be a string, in quotes" in problem("edges", [edge(labels={"tier": 5})])


@pytest.mark.parametrize(
    ("wrong", "path", "shown", "expected"),
    [
        ({"labels": {"cluster": "x"}}, "labels.cluster", "'cluster'", "must be none of cluster, region, tenant_id"),
        ({"labels": {"region": "x"}}, "labels.region", "'region'", "because they say where a series comes from"),
        ({"labels": {"tenant_id": "x"}}, "labels.tenant_id", "'tenant_id'", "must be none of"),
        ({"labels": {"receive_replica": "x"}}, "labels.receive_replica", "'receive_replica'", "must be none of"),
        ({"labels": {"ruler_replica": "x"}}, "labels.ruler_replica", "'ruler_replica'", "must be none of"),
        ({"labels": {"prometheus_replica": ""}}, "labels.prometheus_replica", "'prometheus_replica'", "must be none"),
        ({"labels": {"prometheus": "x"}}, "labels.prometheus", "'prometheus'", "must be none of"),
        ({"labels": {"__x": "x"}}, "labels.__x", "'__x'", "not begin with __, because"),
        ({"labels": {"a-b": "x"}}, "labels.a-b", "'a-b'", "must be letters, digits and _, because Prometheus takes"),
        ({"labels": {"1a": "x"}}, "labels.1a", "'1a'", "must be letters, digits and _, because"),
        ({"labels": {"é": "x"}}, "labels.'é'", "'é'", "must be letters, digits and _, because"),
        ({"labels": {"": "x"}}, "labels.''", "''", "must be letters, digits and _, because"),
        ({"filter": "lena"}, "filter", "'lena'", "must be one of default, everything, lean, because fleet.filters"),
        ({"filter": "Lean"}, "filter", "'Lean'", f"{NAME}, because stack files refer to it"),
        ({"series": 0}, "series", "0", "must be greater than or equal to 1: about how many"),
        ({"scrapeInterval": "4s"}, "scrapeInterval", "'4s'", "must be at least 5s, because every sample costs"),
        ({"replicas": 3}, "replicas", "3", "must be less than or equal to 2: agents that scrape the same"),
        ({"replicas": True}, "replicas", "True", "must be a valid integer: agents that scrape the same"),
        ({"tokenRevision": 0}, "tokenRevision", "0", "must be greater than or equal to 1: one more: a new token"),
        ({"tokenRevision": True}, "tokenRevision", "True", "must be a valid integer: one more: a new token"),
        (
            {"storage": "2Gi"},
            "storage",
            "'2Gi'",
            "must be at least 3Gi, because the agent keeps so much of 100000 series",
        ),
        ({"storage": "512Mi"}, "storage", "'512Mi'", "must be at least 1Gi, because the write-ahead log"),
        ({"series": 10**6}, "storage", "'10Gi'", "must be at least 23Gi, because the agent keeps so much of 1000000"),
        (
            {"limits": {"request": {}}},
            "limits.request",
            "an object",
            "must be left out while receive.tenancy is shared",
        ),
        ({"limits": {"requestsPerSecond": 0}}, "limits.requestsPerSecond", "0", "greater than or equal to 1: of each"),
        ({"values": "a: b"}, "values", "'a: b'", "must be a valid dictionary: values of kube-prometheus-stack"),
        ({"apiServer": "https://x"}, "apiServer", "'https://x'", "must be an object, because it holds server, caData"),
    ],
)
def test_what_is_wrong_with_an_edge_is_named_with_path_value_rule_and_reason(wrong, path, shown, expected):
    found = problem("edges", [edge(**wrong)])
    assert found.startswith(f"observability:edges[0].{path} is {shown}: must ")
    assert expected in found


@pytest.mark.parametrize(
    "server",
    [
        *(
            "http://eu-1.example",
            "eu-1.example:6443",
            "https://",
            "https://:6443",
            "https://u:p@h",
            "https://h:6443/a b",
        ),
        *("https://h:999999", "https://h:", "https://a:b:c", "https://[::1", "HTTPS://h", "https://h\n"),
    ],
)
def test_an_api_server_is_reached_by_https_and_nothing_else(server):
    found = problem("edges", [edge(apiServer={**API_SERVER, "server": server})])
    assert found.startswith(f"observability:edges[0].apiServer.server is {server!r}: must match pattern '^https://")
    assert found.endswith("URL, e.g. https://apac-1.example:6443")


@pytest.mark.parametrize(
    "server", ["https://h", "https://10.0.0.1:6443", "https://[2001:db8::1]:6443", "https://h/k8s/c"]
)
def test_an_api_server_may_be_an_address_and_have_a_path(server):
    assert stack_file.parse(region("edges", [edge(apiServer={**API_SERVER, "server": server})]))


def test_an_api_server_comes_with_its_authority_and_without_its_token():
    assert problem("edges", [edge(apiServer={"server": "https://h"})]) == (
        "observability:edges[0].apiServer.caData is missing: required: of its authority, as certificate-authority-data "
        "of a kubeconfig"
    )
    found = problem("edges", [edge(apiServer={**API_SERVER, "token": "hunter2"})])
    assert found.startswith("observability:edges[0].apiServer.token is no setting: must be one of server, caData")
    assert "hunter2" not in found


@pytest.mark.parametrize(
    "text", ["x", "", "-----BEGIN CERTIFICATE-----\n", CA.replace("CERTIFICATE", "PUBLIC KEY"), KEY, CA + KEY, KEY + CA]
)
def test_an_authority_is_certificates_in_pem_and_no_key(text):
    found = problem("gateway", {"tls": {"ca": text}})
    assert found.startswith("observability:gateway.tls.ca is ")
    assert found.endswith(
        "must be certificates in PEM and nothing else: of the authority that edges shall trust; unless "
        "given, those of their system"
    )
    found = problem("edges", [edge(apiServer={**API_SERVER, "caData": encoded(text)})])
    assert "edges[0].apiServer.caData is " in found
    assert "must be certificates in PEM, and that in base64 on one line: of its authority" in found


@pytest.mark.parametrize("text", [CA, "A", CA_DATA[:-5], f"{CA_DATA[:9]}\n{CA_DATA[9:]}", "////"])
def test_the_authority_of_an_api_server_is_in_base64_on_one_line(text):
    assert "must be certificates in PEM, and that in base64 on one line" in problem(
        "edges", [edge(apiServer={**API_SERVER, "caData": text})]
    )


def test_an_authority_may_have_several_certificates():
    assert stack_file.parse(region("gateway.tls.ca", CA + CA)).gateway.tls.ca == CA + CA
    assert stack_file.parse(region("gateway.tls.ca", CA.strip())).gateway.tls.ca


@pytest.mark.parametrize("size", [0, 1023, 2**32])
def test_a_request_is_of_a_size_that_envoy_can_count(size):
    found = problem("gateway.maxRequestBytes", size)
    assert found.startswith(f"observability:gateway.maxRequestBytes is {size}: must be ")
    assert found.endswith("of one request, compressed; more is answered 413, which agents do not try again")
    assert stack_file.parse(region("gateway.maxRequestBytes", 1024))


#: Python refuses those of the first list. Those of the second are right for Python.
GOOD = [
    "up",
    "\\pL+",
    "\\z",
    "(?i)up",
    "a(?i)b",
    "[[:alpha:]]+",
    "\\Qa.b\\E",
    "(?U)a+",
    "\\x{10FFFF}",
    "a{1000}",
    "\\\\C",
]
BAD = [
    "(?=up)",
    "(?!up)",
    "(?<=a)b",
    "(a)\\1",
    "(?P=n)",
    "a++",
    "(?>a)",
    "\\Z",
    "(?#c)",
    "a{1001}",
    "((a{100}){100}){9}",
]
BAD += ["(a", "a)", "[", "*", "\\Qa", "\\p{None}"]


@pytest.mark.parametrize("expression", BAD)
@pytest.mark.parametrize("action", ["keep", "drop"])
def test_an_expression_that_prometheus_would_not_take_is_refused(action, expression, capfd):
    found = problem("fleet.filters", {"own": {action: ["up", expression]}})
    assert found.startswith(f"observability:fleet.filters.own.{action}[1] is {expression!r}: {RE2} (")
    assert found.endswith("), because Prometheus takes no other")
    assert capfd.readouterr() == ("", ""), "the user is told once"


def test_an_expression_that_is_none_without_what_is_put_around_it_is_refused():
    assert f"is 'a)|(b': {RE2} (unexpected ): a)|(b), because" in problem("fleet.filters", {"own": {"drop": ["a)|(b"]}})


def test_an_expression_that_go_alone_refuses_is_refused():
    for expression in ("\\C", "a\\\\\\C"):
        assert "must not have \\C, because Prometheus's RE2, which is Go's" in problem(
            "fleet.filters", {"own": {"drop": [expression]}}
        )
    assert "must have at most 1000 characters" in problem("fleet.filters", {"own": {"drop": ["(" * 1001 + ")" * 1001]}})
    assert "must have at least 1 character" in problem("fleet.filters", {"own": {"drop": [""]}})


@pytest.mark.parametrize("expression", GOOD)
def test_an_expression_that_prometheus_takes_passes(expression):
    assert stack_file.parse(region("fleet.filters", {"own": {"drop": [expression]}}))


@pytest.mark.plugins
def test_prometheus_agrees_on_every_expression(tmp_path):
    from local import tools

    tools.fetch([tools.PROMETHEUS])
    for number, expression in enumerate([*GOOD, *BAD, "\\C", "(" * 1001 + ")" * 1001]):
        rule = {"source_labels": ["__name__"], "regex": expression, "action": "drop"}
        file = tmp_path / f"{number}.yml"
        file.write_text(yaml.safe_dump({"scrape_configs": [{"job_name": "a", "metric_relabel_configs": [rule]}]}))
        done = subprocess.run([tools.PROMETHEUS.program("promtool"), "check", "config", file], capture_output=True)
        assert (done.returncode == 0) == (expression in GOOD), expression


@pytest.mark.parametrize("name", ["default", "lean", "everything"])
def test_a_profile_that_is_fixed_cannot_be_defined_anew(name):
    assert problem("fleet.filters", {name: {"drop": ["a"]}}) == (
        f"observability:fleet.filters.{name} is an object: must have another name than default, lean, everything, "
        "because those are fixed"
    )


@pytest.mark.parametrize("extends", ["own", "other", "absent"])
def test_own_profiles_do_not_build_on_each_other(extends):
    assert problem("fleet.filters", {"own": {"extends": extends}, "other": {}}) == (
        f"observability:fleet.filters.own.extends is {extends!r}: must be null or one of default, lean, everything, "
        "because own profiles do not build on each other"
    )


def test_a_profile_has_a_name_that_can_be_referred_to():
    assert problem("fleet.filters", {"Own": {}}).startswith(
        f"observability:fleet.filters.Own is 'Own': {NAME}, because"
    )
    assert stack_file.parse({**region("fleet.filters", {"own": {}}), "edges": [edge(filter="own")]})


def test_argo_cd_needs_a_name_for_the_gateway_that_other_clusters_know():
    assert problem("fleet.argoCd", {}) == (
        "observability:fleet.argoCd is an object: must come with gateway.loadBalancer, because agents in other "
        "clusters do not know names of this one"
    )
    assert stack_file.parse({**region("fleet.argoCd", {}), "gateway": {"loadBalancer": {"hostname": "h"}}})


def test_a_name_is_given_once():
    found = problems(region("edges", [{"name": "eu-1"}, {"name": "eu-2"}, {"name": "eu-1"}, {"name": "eu-1"}]))
    assert found == [
        f"observability:edges[{index}].name is 'eu-1': must differ from edges[0].name, because each edge has a token "
        "and a label of its own"
        for index in (2, 3)
    ]


def test_all_problems_of_a_fleet_are_told_at_once():
    values = {
        **REGION,
        "edges": [
            {"name": "eu-1", "filter": "absent", "limits": {"request": {}}},
            {"name": "eu-1", "storage": "1Gi"},
            {"name": "central"},
        ],
        "fleet": {"argoCd": {}, "filters": {"lean": {"extends": "own"}}},
        "receive": {"replicationFactor": 2, "replicationProtocol": "capnproto"},
        "tls": {},
    }
    assert [line.split(" is ")[0].removeprefix("observability:") for line in problems(values)] == [
        "receive.replicationProtocol",
        "edges[0].filter",
        "edges[0].limits.request",
        "edges[1].name",
        "edges[1].storage",
        "edges[2].name",
        "fleet.argoCd",
        "fleet.filters.lean",
        "fleet.filters.lean.extends",
    ]
    alone = {**REGION, "edges": [{"name": "A", "series": 0}, {"name": "b"}], "gateway": {"replicas": 0}}
    assert [line.split(" is ")[0].removeprefix("observability:") for line in problems(alone)] == [
        "edges[0].name",
        "edges[0].series",
        "edges[1].name",
        "gateway.replicas",
    ]


@pytest.mark.parametrize("values", [{}, {"a": {"b": [1, None, {"c": "é"}]}}, {"{{": "{{ x }}"}, {"prometheus": None}])
def test_values_of_the_chart_are_the_users_and_stay_as_they_are(values):
    assert stack_file.parse(region("edges", [edge(values=values)])).edges[0].values == values


def test_there_are_no_more_tokens_than_the_gateways_secret_holds():
    most = gateway_routes.MOST_TOKENS
    edges = [{"name": f"e{number}", "series": 1, "tokenRevision": 2} for number in range(most // 2)]
    assert stack_file.parse({**REGION, "edges": edges, "sizing": "unchecked"})
    edges.append({"name": "one-more"})
    assert problems({**REGION, "edges": edges, "sizing": "unchecked"}) == [
        f"observability:edges is a list of {len(edges)}: must have at most {most} good tokens, not {most + 1}, because "
        "Kubernetes takes no Secret of more than 1 MiB; an edge with a tokenRevision above 1 has two"
    ]


# Credentials.


def failure(config: dict, secrets: dict | None = None) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        build(stack_file.load, stack="eu", config=config, secrets=secrets)
    return str(raised.value)


WITH_API_SERVERS = {
    **REGION,
    "edges": [edge(apiServer=API_SERVER), {"name": "eu-2", "apiServer": API_SERVER}, {"name": "eu-3"}],
}


def test_credentials_stored_as_plain_text_are_refused_without_showing_them():
    config = {**configured(WITH_API_SERVERS), "observability:edgeCredentials": {"eu-1": "hunter1", "eu-2": "hunter2"}}
    (line,) = failure(config).splitlines()[1:]
    assert "observability:edgeCredentials is stored as plain text: must be set by `pulumi config set --secret`" in line
    assert "hunter" not in line


@pytest.mark.parametrize(
    ("secret", "missing"),
    [
        (None, ["eu-1", "eu-2"]),
        ('{"eu-1": "hunter2"}', ["eu-2"]),
        ('{"eu-9": "hunter2"}', ["eu-1", "eu-2"]),
        ("hunter2", ["eu-1", "eu-2"]),
        ('["hunter2"]', ["eu-1", "eu-2"]),
        ('{"hunter2', ["eu-1", "eu-2"]),
    ],
)
def test_an_edge_without_its_credential_is_told_before_anything_is_made(secret, missing):
    secrets = {"observability:edgeCredentials": secret} if secret else {}
    message = failure(configured(WITH_API_SERVERS), secrets)
    assert message.splitlines()[1:] == [
        f"  observability:edgeCredentials.{name} is missing: must be set by `pulumi config set --secret --path "
        f"edgeCredentials.{name}`, because the edge has an apiServer, which lets nobody in without"
        for name in missing
    ]
    assert "hunter" not in message


def test_with_its_credential_an_edge_passes():
    build(stack_file.load, stack="eu", config=configured(WITH_API_SERVERS), secrets=credentials(WITH_API_SERVERS))


# Names that are words of YAML.


@pytest.mark.parametrize("generator", ["applicationSet", "applications"])
def test_an_edge_may_be_called_by_a_word_of_yaml_if_it_is_quoted(generator):
    names = ["null", "true", "on", "no", "yes", "off", "nan", "e3"]
    edges = [{"name": name, "apiServer": API_SERVER} for name in names]
    values = {
        **VARIANTS["edges"],
        "edges": edges,
        "fleet": {"argoCd": {"generator": generator}},
    }
    made = run_main("eu", configured(values), secrets=credentials(values))

    (routes,) = [each for each in made.of("Secret") if "routes" in each.name]
    (file,) = routes.inputs["stringData"].values()
    (hosts,) = yaml.safe_load(file)["resources"]
    written = [
        (route["stat_prefix"], route["request_headers_to_add"][0]["header"]["value"])
        for route in hosts["virtual_hosts"][0]["routes"]
        if "request_headers_to_add" in route
    ]
    assert written == [(name, name) for name in names]
    assert list(made.exports["edges"]) == names
    clusters = [each.inputs for each in made.of("Secret") if "observability/edge" in each.inputs["metadata"]["labels"]]
    called = {each["stringData"]["name"]: each["metadata"]["labels"]["observability/edge"] for each in clusters}
    assert called == {name: name for name in names}
    if generator == "applications":
        values = [each.inputs["spec"]["source"]["helm"]["values"] for each in made.of("Application")]
        found = list(map(yaml.safe_load, values))
    else:
        spec = made.one("ApplicationSet").inputs["spec"]
        elements = spec["generators"][0]["matrix"]["generators"][0]["list"]["elements"]
        assert [each["edge"] for each in elements] == names
        found = [each["own"] for each in elements]
    labels = [each["prometheus"]["prometheusSpec"]["externalLabels"] for each in found]
    assert sorted(each["cluster"] for each in labels) == sorted(names)


# What is accepted can be made.

EDGE_NAMES = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", fullmatch=True),
    st.sampled_from(["null", "on", "agents", "receive", "routes", "x" * 40, "a" + "-" * 38 + "a"]),
).filter(lambda name: name != "central")


@st.composite
def fleets(draw: st.DrawFn) -> dict:
    """Regions with names of all lengths and edges of all kinds."""
    names = draw(st.lists(EDGE_NAMES, min_size=1, max_size=4, unique=True))
    edges = [
        {
            "name": name,
            "tokenRevision": draw(st.sampled_from([1, 2, 10**6])),
            "filter": draw(st.sampled_from(["default", "own-" + "x" * 36])),
            "values": draw(st.sampled_from([{}, {"a": [None, "{{"]}, {"prometheus": None}])),
            **draw(st.sampled_from([{}, {"apiServer": API_SERVER}])),
        }
        for name in names
    ]
    return {
        **REGION,
        "region": draw(st.sampled_from(["eu", "r" * 18])),
        "edges": edges,
        "fleet": {
            "argoCd": {"generator": draw(st.sampled_from(["applicationSet", "applications"])), "project": "p" * 63},
            "filters": {"own-" + "x" * 36: {"keep": ["up"]}},
        },
        "gateway": {"loadBalancer": {"hostname": "h.example"}, "tls": {"issuer": {"name": "i" * 63}, "ca": CA}},
        "receive": {"zones": ["a" * 16, "b" * 16, "c" * 16], "tenancy": draw(st.sampled_from(["shared", "perEdge"]))},
    }


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets())
def test_names_and_labels_of_any_fleet_are_within_what_kubernetes_takes(values):
    made = run_main(values["region"], configured(values), secrets=credentials(values))

    assert len({each.urn for each in made.resources}) == len(made.resources)
    seen = set()
    for each in made.kubernetes():
        if each.kind == "kubernetes":  # a provider
            continue
        metadata = each.inputs["metadata"]
        limit = {"Service": 63, "StatefulSet": 52, "Namespace": 63}.get(each.kind, 253)
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", metadata["name"])
        assert len(metadata["name"]) <= limit
        where = each.provider, each.kind, metadata.get("namespace"), metadata["name"]
        assert where not in seen
        seen.add(where)
    for path, value in labels_in([each.inputs for each in made.kubernetes()]):
        assert re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", value), (path, value)
    passwords = [each.name for each in made.of("RandomPassword", "gateway")]
    assert len(passwords) == sum(min(2, each["tokenRevision"]) for each in values["edges"])
    for each in made.of("ApplicationSet"):
        name = each.inputs["spec"]["template"]["metadata"]["name"]
        longest = max((edge["name"] for edge in values["edges"]), key=len)
        assert len(name.replace("{{ .edge }}", longest)) <= 253
    assert set(made.exports["edges"]) == {each["name"] for each in values["edges"]}


def labels_in(value: object) -> Iterator[tuple[str, str]]:
    """Every label of every object, and every one that is looked for, in nested values."""
    if isinstance(value, list):
        for item in value:
            yield from labels_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("labels", "matchLabels", "selector") and isinstance(item, dict):
                # Those of a template are of Argo CD's making.
                yield from ((name, text) for name, text in item.items() if isinstance(text, str) and "{{" not in text)
            yield from labels_in(item)
