"""objstore.yml: how Thanos reaches its bucket."""

import yaml


def document(
    *,
    bucket: str,
    endpoint: str,
    region: str,
    insecure: bool,
    access_key: str | None = None,
    secret_key: str | None = None,
) -> str:
    """objstore.yml for an S3 bucket. Without keys Thanos takes the pod's IAM role by the AWS SDK."""
    config: dict[str, object] = {"bucket": bucket, "endpoint": endpoint, "region": region}
    if insecure:
        config["insecure"] = True
    if access_key and secret_key:
        config |= {"access_key": access_key, "secret_key": secret_key}
    else:
        config["aws_sdk_auth"] = True
    return yaml.safe_dump({"type": "S3", "config": config}, sort_keys=False)


def aws_endpoint(region: str) -> str:
    """The endpoint of AWS S3 in an AWS region."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"s3.{region}.{suffix}"
