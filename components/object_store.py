"""ObjectStore: one bucket, who may reach it, and the Secret that tells Thanos where it is.

Nothing here ever deletes or archives a live block: retention is the Compactor's, and that of traces Tempo's.
"""

from typing import TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_random as random

import labels
from render import iam, lifecycle, objstore

from . import _config
from ._manifest import verbatim
from ._workload import Part

COMPONENT = "object-store"


class BucketConsumer(TypedDict):
    """A workload that uses the bucket."""

    name: str
    """Key of its role in `role_arns`."""
    service_account: str
    """The Kubernetes service account that may take the role."""
    access: str
    """read (list, get), write (and put) or compact (and delete)."""


class BucketLifecycle(TypedDict):
    """What S3 tidies away on its own."""

    abort_incomplete_upload_days: int
    """Days after which parts of an unfinished upload are dropped."""
    noncurrent_version_days: int
    """Days after which a replaced version is dropped, when versioning is on."""
    tiering_after_days: list[int]
    """Ages at which objects move to Intelligent-Tiering, without its archive tiers."""


class ObjectStoreArgs(TypedDict):
    """The bucket and its consumers."""

    region: str
    """Our region's name; part of the bucket's name."""
    purpose: str
    """What is in the bucket, at most 8 characters; part of its name."""
    bucket_prefix: str
    """First part of the bucket's name."""
    namespace: pulumi.Input[str]
    """The Kubernetes namespace of the consumers and of the Secret."""
    aws_region: str
    """The bucket's AWS region."""
    endpoint: str
    """host or host:port of the S3 API."""
    insecure: bool
    """The endpoint speaks plain HTTP."""
    access_key: pulumi.Input[str] | None
    """Static key of an S3-compatible store; null: IAM roles."""
    secret_key: pulumi.Input[str] | None
    """Its secret half."""
    oidc_provider_arn: str
    """The cluster's identity provider in IAM."""
    consumers: list[BucketConsumer]
    """Who gets a role."""
    kms_key_arn: str | None
    """Null: encrypted by S3's own keys."""
    versioning: bool
    """Keep replaced and deleted objects for a while."""
    force_destroy: bool
    """Let a destroy delete a bucket that holds objects; S3 refuses otherwise."""
    lifecycle: BucketLifecycle
    """What S3 tidies away."""
    thanos: bool
    """Thanos uses it, and gets a Secret with objstore.yml."""
    protect: bool
    """Have Pulumi refuse to delete or replace the bucket."""


class ObjectStore(pulumi.ComponentResource):
    """An encrypted, closed S3 bucket with safe lifecycle rules, and one least-privilege role per consumer."""

    bucket: pulumi.Output[str]
    """The bucket's name."""
    role_arns: pulumi.Output[dict[str, str]]
    """The consumers' IAM roles by consumer name."""
    config_secret: pulumi.Output[str]
    """Name of the Secret with objstore.yml; empty if Thanos does not use the bucket. It changes whenever the content
    does, so that pods which mount it roll."""

    def __init__(self, name: str, args: ObjectStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability:index:ObjectStore", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)

        bucket = self._bucket(name, args, child)
        self._guard(name, args, bucket, child)
        roles = {consumer["name"]: self._role(name, args, consumer, bucket, child) for consumer in args["consumers"]}

        self.bucket = bucket.bucket
        self.role_arns = pulumi.Output.all(**roles)
        self.config_secret = pulumi.Output.from_input("")
        if args["thanos"]:
            self.config_secret = self._config_secret(name, args, bucket, child)
        self.register_outputs({"bucket": self.bucket, "role_arns": self.role_arns, "config_secret": self.config_secret})

    def _bucket(self, name: str, args: ObjectStoreArgs, child: pulumi.ResourceOptions) -> aws.s3.Bucket:
        # Bucket names are shared by all AWS customers, so a name that is free today needs a part nobody can take first.
        suffix = random.RandomId(f"{name}-suffix", byte_length=4, opts=child)
        prefix = labels.safe_name(
            args["bucket_prefix"], args["region"], args["purpose"], limit=labels.BUCKET_NAME - len("-00000000")
        )
        return aws.s3.Bucket(
            f"{name}-bucket",
            bucket=pulumi.Output.concat(prefix, "-", suffix.hex),
            force_destroy=bool(args["force_destroy"]),
            tags=labels.aws_tags(args["region"], args["purpose"]),
            # The others hold no data: what is wrong with them is put right by the next `up`.
            opts=pulumi.ResourceOptions(parent=self, protect=bool(args["protect"])),
        )

    def _guard(self, name: str, args: ObjectStoreArgs, bucket: aws.s3.Bucket, child: pulumi.ResourceOptions) -> None:
        key = args.get("kms_key_arn")
        by_default: aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict = (
            {"sse_algorithm": "aws:kms", "kms_master_key_id": key} if key else {"sse_algorithm": "AES256"}
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            # A bucket key spares a KMS request for each object.
            rules=[{"apply_server_side_encryption_by_default": by_default, "bucket_key_enabled": bool(key)}],
            opts=child,
        )
        closed = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        # Absent when off: a bucket starts unversioned, and removing the resource suspends versioning.
        if args["versioning"]:
            aws.s3.BucketVersioning(
                f"{name}-versioning",
                bucket=bucket.bucket,
                versioning_configuration={"status": "Enabled"},
                opts=child,
            )
        rules = args["lifecycle"]
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=verbatim(
                lifecycle.rules(
                    abort_incomplete_upload_days=int(rules["abort_incomplete_upload_days"]),
                    versioning=bool(args["versioning"]),
                    noncurrent_version_days=int(rules["noncurrent_version_days"]),
                    tiering_after_days=[int(days) for days in rules["tiering_after_days"]],
                )
            ),
            opts=child,
        )
        # Over plain HTTP the policy would refuse every request, Thanos's own too.
        if not args["insecure"]:
            aws.s3.BucketPolicy(
                f"{name}-policy",
                bucket=bucket.bucket,
                policy=bucket.arn.apply(iam.tls_only),
                # S3 refuses two changes of a bucket's access at the same time.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
            )

    def _role(
        self,
        name: str,
        args: ObjectStoreArgs,
        consumer: BucketConsumer,
        bucket: aws.s3.Bucket,
        child: pulumi.ResourceOptions,
    ) -> pulumi.Output[str]:
        """Makes the consumer's role; returns its ARN."""
        role_name = labels.safe_name(name, consumer["name"], limit=labels.IAM_ROLE_NAME)
        trust = pulumi.Output.from_input(args["namespace"]).apply(
            lambda namespace: iam.service_account_trust(
                args["oidc_provider_arn"], namespace, consumer["service_account"]
            )
        )
        role = aws.iam.Role(
            role_name,
            assume_role_policy=trust,
            tags=labels.aws_tags(args["region"], args["purpose"]),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            role_name,
            role=role.name,
            policy=bucket.arn.apply(lambda arn: iam.bucket_access(arn, consumer["access"], args.get("kms_key_arn"))),
            opts=child,
        )
        # Pods upload what they hold when they stop: whoever uses the role must be gone before what it may do is.
        return pulumi.Output.all(role.arn, policy.id).apply(lambda known: known[0])

    def _config_secret(
        self, name: str, args: ObjectStoreArgs, bucket: aws.s3.Bucket, child: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        document = pulumi.Output.all(
            bucket=bucket.bucket, access_key=args.get("access_key"), secret_key=args.get("secret_key")
        ).apply(
            lambda known: objstore.document(
                endpoint=args["endpoint"], region=args["aws_region"], insecure=bool(args["insecure"]), **known
            )
        )
        part = Part(name, args["namespace"], COMPONENT, name)
        return _config.revised_secret(part, "config", {"objstore.yml": document}, child)
