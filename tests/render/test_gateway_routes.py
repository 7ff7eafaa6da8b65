import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from render import gateway_routes
from render.gateway_routes import Pass

TOKENS = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd")), min_size=8, max_size=60)
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])", fullmatch=True)


#: Where Envoy sends what comes to a path.
TRACES = {
    "/v1/traces": "tempo-http",
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "tempo-grpc",
}
CLUSTERS = {"/api/v1/receive": "routers", **TRACES}


def host(passes: list[Pass], traces: bool) -> dict:
    (configuration,) = yaml.safe_load(gateway_routes.document(passes, traces=traces))["resources"]
    (found,) = configuration["virtual_hosts"]
    assert found["domains"] == ["*"]
    return found


def answer(routes: list[dict], path: str, authorization: str | None) -> dict:
    """The route that Envoy takes: the first that matches."""
    for route in routes:
        wanted = {header["name"]: header["string_match"]["exact"] for header in route["match"].get("headers", [])}
        assert set(wanted) <= {"authorization"}
        if route["match"]["path"] == path and all(authorization == value for value in wanted.values()):
            return route
    raise AssertionError("no route")


@settings(deadline=None)
@given(st.dictionaries(TOKENS, NAMES, max_size=5), TOKENS, st.sampled_from(sorted(CLUSTERS)))
def test_a_token_writes_as_its_own_edge_and_what_is_no_token_as_nobody(owners, other, path):
    passes = [Pass(token, edge, f"tenant-{edge}", 10) for token, edge in owners.items()]
    routes = host(passes, traces=True)["routes"]

    for token, edge in owners.items():
        route = answer(routes, path, f"Bearer {token}")
        assert route["route"]["cluster"] == CLUSTERS[path]
        limit = route["typed_per_filter_config"]["envoy.filters.http.local_ratelimit"]
        assert (limit["stat_prefix"], limit["token_bucket"]["max_tokens"]) == (edge, 10)
        if path in TRACES:
            assert route["stat_prefix"] == f"{edge}/traces"
        else:
            (added,) = route["request_headers_to_add"]
            assert added["header"] == {"key": "THANOS-TENANT", "value": f"tenant-{edge}"}
            assert added["append_action"] == "OVERWRITE_IF_EXISTS_OR_ADD", "an edge must not add a tenant of its own"
            assert route["stat_prefix"] == edge
    for wrong in (None, "", "Bearer ", *[f"Bearer {other}"] * (other not in owners), *owners):
        assert answer(routes, path, wrong)["direct_response"] == {"status": 401}


@pytest.mark.parametrize("traces", [True, False])
def test_nothing_but_writes_is_reachable_and_no_token_gets_further(traces):
    found = host([Pass("token-of-1", "eu-1", "eu-1", 10)], traces)
    assert {route["match"]["path"] for route in found["routes"]} == {"/api/v1/receive", *(TRACES if traces else ())}
    assert found["request_headers_to_remove"] == ["authorization"]


def test_as_many_tokens_as_are_allowed_fit_into_a_secret():
    # What two tokens share would be written once.
    longest = [
        Pass(f"{number:048}", f"{number:040}", f"{number:040}", 100_000) for number in range(gateway_routes.MOST_TOKENS)
    ]
    assert 0.9 * 2**20 < len(gateway_routes.document(longest, traces=True)) <= 2**20
