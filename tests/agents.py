"""The agent of an edge, for tests to vary."""

from render import agent, filters

AGENT = agent.Agent(
    edge="apac-1",
    labels={"env": "prod"},
    series=100_000,
    scrape_interval="30s",
    replicas=2,
    url="https://gateway.example/api/v1/receive",
    relabeling=filters.relabeling("default", {}),
    storage="10Gi",
    own_ca=True,
)
