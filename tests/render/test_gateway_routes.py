import json

from hypothesis import given, settings
from hypothesis import strategies as st

from render import gateway_routes
from render.gateway_routes import Pass

TOKENS = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd")), min_size=8, max_size=60)
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])", fullmatch=True)


def table(passes: list[Pass]) -> list[dict]:
    (configuration,) = json.loads(gateway_routes.document(passes))["resources"]
    (host,) = configuration["virtual_hosts"]
    assert host["domains"] == ["*"]
    return host["routes"]


def answer(passes: list[Pass], authorization: str | None) -> dict:
    """The route that Envoy takes: the first that matches."""
    for route in table(passes):
        wanted = {header["name"]: header["string_match"]["exact"] for header in route["match"].get("headers", [])}
        if all(name == "authorization" and authorization == value for name, value in wanted.items()):
            return route
    raise AssertionError("no route")


@settings(deadline=None)
@given(st.dictionaries(TOKENS, NAMES, max_size=5), TOKENS)
def test_a_token_writes_as_its_own_edge_and_what_is_no_token_as_nobody(owners, other):
    passes = [Pass(token, edge, f"tenant-{edge}", 10) for token, edge in owners.items()]

    for token, edge in owners.items():
        route = answer(passes, f"Bearer {token}")
        (added,) = route["request_headers_to_add"]
        assert added["header"] == {"key": "THANOS-TENANT", "value": f"tenant-{edge}"}
        assert added["append_action"] == "OVERWRITE_IF_EXISTS_OR_ADD", "an edge must not add a tenant of its own"
        assert route["stat_prefix"] == edge
    for wrong in (None, "", "Bearer ", *[f"Bearer {other}"] * (other not in owners), *owners):
        assert answer(passes, wrong)["direct_response"] == {"status": 401}


def test_nothing_but_remote_write_is_reachable():
    assert {route["match"]["path"] for route in table([Pass("token-of-1", "eu-1", "eu-1", 10)])} == {"/api/v1/receive"}


def test_as_many_tokens_as_are_allowed_fit_into_a_secret():
    longest = gateway_routes.Pass("t" * 48, "e" * 40, "e" * 40, 100_000)
    size = len(gateway_routes.document([longest] * gateway_routes.MOST_TOKENS))
    assert 0.9 * 2**20 < size <= 2**20
