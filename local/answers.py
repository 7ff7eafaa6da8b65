"""Answers of the API server that are no errors: what was looked at a moment ago may have changed since."""

from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes import client

GONE, EXISTS = 404, 409


@contextmanager
def unless(status: int) -> Iterator[None]:
    """Lets one answer of the API server pass."""
    try:
        yield
    except client.ApiException as error:
        if error.status != status:
            raise
