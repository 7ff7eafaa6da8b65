"""The connections to the Query behind a Query Frontend."""

import yaml

from render import tripper, units


def test_query_has_the_time_to_say_that_it_gave_up():
    timeout = yaml.safe_load(tripper.document())["response_header_timeout"]
    assert units.duration(timeout) > units.duration("2m"), "Thanos's own --query.timeout"
