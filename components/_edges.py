"""What several components are told of edges."""

from typing import TypedDict


class EdgeApiServer(TypedDict):
    """Where an edge's API server is."""

    server: str
    """URL, e.g. https://apac-1.example:6443."""
    ca_data: str
    """Its authority's certificate: PEM in base64."""
