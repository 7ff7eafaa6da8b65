"""objstore.yml."""

import yaml

from render import objstore

STORE = {"bucket": "b", "endpoint": "s3.example.internal", "region": "eu-central-1", "insecure": False}


def config(**more):
    document = yaml.safe_load(objstore.document(**{**STORE, **more}))
    assert document["type"] == "S3"
    return document["config"]


def test_without_keys_the_pods_role_is_used():
    assert config() == {
        "bucket": "b",
        "endpoint": "s3.example.internal",
        "region": "eu-central-1",
        "aws_sdk_auth": True,
    }


def test_keys_take_the_place_of_the_role():
    found = config(access_key="a", secret_key="s")
    assert (found["access_key"], found["secret_key"]) == ("a", "s")
    assert "aws_sdk_auth" not in found, "Thanos refuses both"


def test_one_key_alone_is_no_key():
    assert config(access_key="a")["aws_sdk_auth"] is True


def test_keys_with_any_character_survive_the_yaml():
    assert config(access_key="yes", secret_key=": #'\"\n{")["secret_key"] == ": #'\"\n{"


def test_plain_http_is_said_only_where_it_is_meant():
    assert config(insecure=True)["insecure"] is True


def test_the_endpoint_of_aws_depends_on_the_partition():
    assert objstore.aws_endpoint("eu-central-1") == "s3.eu-central-1.amazonaws.com"
    assert objstore.aws_endpoint("cn-north-1") == "s3.cn-north-1.amazonaws.com.cn"
