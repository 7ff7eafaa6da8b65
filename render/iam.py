"""IAM and bucket policies as JSON documents."""

import json
from collections.abc import Mapping, Sequence

#: What a consumer of a bucket may do. Only who compacts deletes, the Compactor and Tempo, each in its own bucket:
#: whoever else could would be able to lose history.
ACCESS: Mapping[str, Sequence[str]] = {
    "read": ("s3:GetObject",),
    # A multipart upload that fails is aborted by the client; that removes only parts of an object not yet there.
    "write": ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),
    "compact": ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"),
}
#: A multipart upload to an encrypted bucket needs Decrypt as well as GenerateDataKey.
_KMS = {
    "read": ["kms:Decrypt"],
    "write": ["kms:Decrypt", "kms:GenerateDataKey"],
    "compact": ["kms:Decrypt", "kms:GenerateDataKey"],
}


def bucket_access(bucket_arn: str, access: str, kms_key_arn: str | None) -> str:
    """The policy of one consumer: `access` is "read", "write" or "compact"."""
    statements = [
        _allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket_arn),
        _allow(ACCESS[access], f"{bucket_arn}/*"),
    ]
    if kms_key_arn:
        statements.append(_allow(_KMS[access], kms_key_arn))
    return _policy(statements)


def service_account_trust(oidc_provider_arn: str, namespace: str, service_account: str) -> str:
    """Lets exactly one Kubernetes service account of one cluster take the role (IRSA)."""
    issuer = oidc_provider_arn.split(":oidc-provider/", 1)[1]
    condition = {
        f"{issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
        f"{issuer}:aud": "sts.amazonaws.com",
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": oidc_provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": condition},
    }
    return _policy([statement])


def tls_only(bucket_arn: str) -> str:
    """Refuses every request to the bucket that does not come by TLS."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return _policy([statement])


def _allow(actions: Sequence[str], resource: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _policy(statements: Sequence[Mapping[str, object]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"
