"""The documents of caches. Whether Thanos reads them: test_thanos_reads_caches.py."""

import pytest
import yaml

from render import caches

MEMCACHED = {"kind": "memcached", "address": "cache:11211", "max_item_size": "5Mi", "password": None}
REDIS = {"kind": "redis", "address": "redis:6379", "username": "thanos", "password": "p: 'x' #y", "tls": True}


def caching_bucket(cache):
    return caches.caching_bucket(cache, "3m")


DOCUMENTS = [caches.response_cache, caches.index_cache, caching_bucket]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_password_of_any_characters_arrives_as_it_is(document):
    assert yaml.safe_load(document(REDIS))["config"]["password"] == REDIS["password"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_not_set_is_not_written(document):
    config = yaml.safe_load(document({**REDIS, "username": "", "password": None, "tls": False}))["config"]
    assert not {"username", "password", "tls_enabled"} & set(config)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_another_kind_of_cache_is_refused(document):
    with pytest.raises(ValueError, match="memcached or redis, not 'valkey'"):
        document({**REDIS, "kind": "valkey"})


def test_only_the_query_frontends_document_has_an_expiration():
    assert "expiration" in yaml.safe_load(caches.response_cache(MEMCACHED))["config"]
    for document in (caches.index_cache, caching_bucket):
        assert "expiration" not in yaml.safe_load(document(MEMCACHED))["config"]


@pytest.mark.parametrize(("quantity", "written"), [("5Mi", "5MiB"), ("1Gi", "1024MiB"), ("5120Ki", "5MiB")])
def test_an_items_size_keeps_its_number_of_bytes(quantity, written):
    assert caches.item_size(quantity) == written


@pytest.mark.parametrize(("interval", "kept"), [("3m", "180s"), ("1d", "86400s")])
def test_the_list_of_blocks_is_kept_no_longer_than_a_store_waits_between_two_looks(interval, kept):
    document = yaml.safe_load(caches.caching_bucket(MEMCACHED, interval))
    assert document["blocks_iter_ttl"] == kept, "in a unit that Go knows"
