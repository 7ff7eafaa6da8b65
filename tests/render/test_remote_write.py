"""How results and samples are written to Receive."""

import yaml

from render import remote_write
from settings.write_path import RequestLimits

URL = "http://router.example:19291/api/v1/receive"


def test_the_rulers_file_is_what_prometheus_writes_by():
    assert yaml.safe_load(remote_write.document(URL)) == {"remote_write": [remote_write.target(URL)]}


def test_a_request_is_within_what_routers_accept():
    limits = RequestLimits()
    assert min(limits.samples, limits.series) >= remote_write.SAMPLES_PER_SEND, "413 is never sent again"


def test_a_connection_can_gather_the_next_request_while_one_is_on_its_way():
    queue = remote_write.target(URL)["queue_config"]
    assert queue["capacity"] >= 2 * queue["max_samples_per_send"]
