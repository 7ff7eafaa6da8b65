"""The provider's configuration, and the only place where this plugin makes clients of AWS services.

A client is made only for an address that `aws:endpoints` names and that is not Amazon's, with the keys of the
configuration and nothing from the environment. So no real account can be reached, whatever the machine is set up for.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from local.plugins.serving import RefusedError

AMAZON = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

NOT_FOUND = {
    "404",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NotFoundException",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}


@dataclass(frozen=True)
class Settings:
    """What the stand-in takes from the provider's configuration.

    The rest is accepted and has no effect: profiles and roles have no meaning where no real account can be reached.
    """

    region: str | None = None
    access_key: str = field(default="stand-in", repr=False)
    secret_key: str = field(default="stand-in", repr=False)
    path_style: bool = False
    allowed_accounts: tuple[str, ...] = ()
    """Empty: any, and nobody is asked which one it is."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    default_tags: Mapping[str, str] = field(default_factory=dict)


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Settings from provider arguments as the engine sends them: text, and JSON text for whatever is not text.

    Raises RefusedError when `endpoints` or `defaultTags` has another shape than the official plugin takes.
    """
    endpoints = _document(config, "endpoints", [])
    maps = isinstance(endpoints, list) and all(isinstance(item, Mapping) for item in endpoints)
    if not maps or len(endpoints) > 1:
        raise RefusedError(
            "aws:endpoints must be a list with one map from service to address, as in [{s3: http://...}]"
        )
    defaults = _document(config, "defaultTags", {})
    if not isinstance(defaults, Mapping) or not isinstance(defaults.get("tags", {}), Mapping):
        raise RefusedError("aws:defaultTags must be a map with one map, as in {tags: {owner: team}}")
    return Settings(
        region=config.get("region"),
        access_key=config.get("accessKey") or "stand-in",
        secret_key=config.get("secretKey") or "stand-in",
        path_style=bool(_document(config, "s3UsePathStyle", False)),
        allowed_accounts=_allowed_accounts(config),
        endpoints=endpoints[0] if endpoints else {},
        default_tags=defaults.get("tags", {}),
    )


def _allowed_accounts(config: Mapping[str, Any]) -> tuple[str, ...]:
    if _document(config, "skipRequestingAccountId", False):
        return ()
    allowed = _document(config, "allowedAccountIds", [])
    if not isinstance(allowed, list):
        raise RefusedError("aws:allowedAccountIds must be a list of account ids")
    return tuple(map(str, allowed))


def _document(config: Mapping[str, Any], key: str, default: Any) -> Any:
    value = config.get(key, default)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise RefusedError(f"aws:{key} is not valid JSON: {error}") from None


class Clients:
    """Clients by service and region, made when first used. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def s3(self, region: str) -> Any:
        return self._client("s3", region)

    def kms(self, region: str) -> Any:
        return self._client("kms", region)

    def iam(self) -> Any:
        return self._client("iam", self.settings.region or "us-east-1")

    def sts(self) -> Any:
        return self._client("sts", self.settings.region or "us-east-1")

    def _client(self, service: str, region: str | None) -> Any:
        """Raises RefusedError without a region, or without the address of an emulator."""
        address = self._address(service)
        if not region:
            raise RefusedError("aws:region is not set")
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = self._new(service, region, address)
            return self._made[service, region]

    def _address(self, service: str) -> str:
        address = self.settings.endpoints.get(service)
        if not address:
            raise RefusedError(
                f"aws:endpoints names no address for {service}. This is the stand-in aws plugin of the local platform: "
                "it works on an emulator only, never on a real AWS account. Install the official plugin for that"
            )
        host = urlsplit(address).hostname or ""
        if not host or f".{host}".endswith(AMAZON):
            raise RefusedError(
                f"aws:endpoints has {address} for {service}, which is not the address of an emulator. The stand-in aws "
                "plugin never works on a real AWS account"
            )
        return address

    def _new(self, service: str, region: str, address: str) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.session import Session

        # AWS_PROFILE may name the user's real account, or one that this machine does not have: take no profile.
        bare = Session(session_vars={"profile": (None, None, None, None)})
        style = "path" if self.settings.path_style else "auto"
        return boto3.Session(
            aws_access_key_id=self.settings.access_key,
            aws_secret_access_key=self.settings.secret_key,
            botocore_session=bare,
        ).client(
            service,
            region_name=region,
            endpoint_url=address,
            # No proxies: an emulator is near, and requests to it carry what the stack calls its keys.
            config=Config(s3={"addressing_style": style}, proxies={}, connect_timeout=5, retries={"max_attempts": 2}),
        )


def error_code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def or_none(call: Any, **arguments: Any) -> Any:
    """The call's answer, or None when what it asks for does not exist."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error_code(error) in NOT_FOUND:
            return None
        raise
