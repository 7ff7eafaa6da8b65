"""Who may do what with a bucket."""

import json

import pytest

from render import iam

BUCKET = "arn:aws:s3:::metrics"
KEY = "arn:aws:kms:eu-central-1:111111111111:key/1"


def statements(access, key=None):
    return json.loads(iam.bucket_access(BUCKET, access, key))["Statement"]


def actions(access, key=None):
    return {action for statement in statements(access, key) for action in statement["Action"]}


def test_a_reader_lists_and_gets():
    assert actions("read") == {"s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject"}


def test_a_writer_also_puts():
    assert actions("write") - actions("read") == {"s3:PutObject", "s3:AbortMultipartUpload"}


def test_only_the_compactor_deletes():
    assert actions("compact") - actions("write") == {"s3:DeleteObject"}
    assert {access for access in iam.ACCESS if "s3:DeleteObject" in actions(access)} == {"compact"}


def test_rights_end_at_the_bucket():
    assert {statement["Resource"] for statement in statements("compact")} == {BUCKET, f"{BUCKET}/*"}


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ("read", {"kms:Decrypt"}),
        ("write", {"kms:Decrypt", "kms:GenerateDataKey"}),
        ("compact", {"kms:Decrypt", "kms:GenerateDataKey"}),
    ],
)
def test_an_encryption_key_brings_its_own_rights_on_that_key_alone(access, expected):
    assert actions(access, KEY) - actions(access) == expected
    assert [statement["Resource"] for statement in statements(access, KEY)][-1] == KEY


def test_an_access_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        iam.bucket_access(BUCKET, "admin", None)


def test_a_role_is_for_one_service_account_of_one_cluster():
    arn = "arn:aws:iam::111111111111:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABC"
    (statement,) = json.loads(iam.service_account_trust(arn, "observability", "ingester"))["Statement"]
    issuer = "oidc.eks.eu-central-1.amazonaws.com/id/ABC"
    assert statement["Principal"] == {"Federated": arn}
    assert statement["Condition"]["StringEquals"] == {
        f"{issuer}:sub": "system:serviceaccount:observability:ingester",
        f"{issuer}:aud": "sts.amazonaws.com",
    }


def test_requests_without_tls_are_denied_for_the_bucket_and_its_objects():
    (statement,) = json.loads(iam.tls_only(BUCKET))["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
