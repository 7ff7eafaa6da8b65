"""From the stack file to settings. `load` is the only reader of the project's plain configuration.

Secrets are no settings: `stacks/` reads them on the line that uses them.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import cast

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import ValidationError

from settings import GlobalSettings, RegionSettings, errors, sizing

#: Keys for an S3-compatible store that knows no IAM roles. Both or neither.
KEYS = ("objectStoreAccessKey", "objectStoreSecretKey")
#: Bearer tokens for the API servers of edges, by edge.
EDGE_CREDENTIALS = "edgeCredentials"
#: By which the provider of OpenID Connect knows Grafana.
GRAFANA_SECRET = "grafanaOidcClientSecret"  # noqa: S105
SECRETS = (*KEYS, "redisPassword", EDGE_CREDENTIALS, GRAFANA_SECRET)
#: What Pulumi.yaml gives to a key that the stack file leaves out.
EMPTY = ("", "{}", "[]")

Settings = RegionSettings | GlobalSettings


def parse(values: Mapping[str, object]) -> Settings:
    """Settings from decoded configuration (keys without the namespace), a region's with the sizes that its edges need.

    ValueError with one line a problem.
    """
    models = {"region": RegionSettings, "global": GlobalSettings}
    model = models.get(str(values.get("kind")))
    if model is None:
        raise ValueError(
            f"{errors.PREFIX}kind is {errors.shown(values.get('kind'))}: must be region or global, because the "
            "two differ in all that they build"
        )
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        raise ValueError("\n".join(errors.explain(error, model))) from None
    return sizing.sized(settings) if isinstance(settings, RegionSettings) else settings


def plain(config: Mapping[str, object]) -> dict[str, object]:
    """What `parse` takes, of the decoded `config` of a stack file that is read without Pulumi; no secrets."""
    own = {key.removeprefix(errors.PREFIX): value for key, value in config.items() if key.startswith(errors.PREFIX)}
    return {key: value for key, value in own.items() if key not in SECRETS}


def load() -> Settings:
    """The settings of the stack that is running. Warns of what is far too large for its edges, and of alerts that
    nobody gets.

    pulumi.RunError, which the CLI prints without a stack trace, names every problem.
    """
    plain, problems = _gather(CONFIG.get(), is_config_secret)
    settings: Settings | None = None
    try:
        settings = parse(plain)
    except ValueError as error:
        problems += str(error).splitlines()
    if not pulumi.Config("kubernetes").get("context"):
        problems.append(
            "kubernetes:context is missing: must name the cluster's context, because the one that happens to be "
            "current would be used otherwise"
        )
    if not {"kubernetes", "*"}.intersection(_listed("pulumi", "disable-default-providers")):
        problems.append(
            "pulumi:disable-default-providers does not have kubernetes: must be [kubernetes], because an object that "
            "names no cluster would land in the one that happens to be current"
        )
    if plain.get("kind") == "region":
        problems += _aws_problems()
    if isinstance(settings, RegionSettings) and settings.region != pulumi.get_stack():
        problems.append(
            f"{errors.PREFIX}region is {settings.region!r}: must be the stack's name ({pulumi.get_stack()}), "
            "because the global stack looks a region up by it"
        )
    if isinstance(settings, GlobalSettings) and pulumi.get_stack() in settings.regions:
        problems.append(
            f"{errors.PREFIX}kind is 'global': must be region in the stack {pulumi.get_stack()}, because it is one of "
            f"{errors.PREFIX}regions, and all that the region has would be deleted"
        )
    if isinstance(settings, RegionSettings):
        given = _keys_of(CONFIG.get().get(f"{errors.PREFIX}{EDGE_CREDENTIALS}", "{}"))
        problems += [
            f"{errors.PREFIX}{EDGE_CREDENTIALS}.{edge.name} is missing: must be set by `pulumi config set --secret "
            f"--path {EDGE_CREDENTIALS}.{edge.name}`, because the edge has an apiServer, which lets nobody in without"
            for edge in settings.edges
            if edge.api_server and edge.name not in given
        ]
    if settings and settings.grafana.enabled and settings.grafana.oidc and not _is_set(GRAFANA_SECRET):
        problems.append(
            f"{errors.PREFIX}{GRAFANA_SECRET} is missing: must be set by `pulumi config set --secret {GRAFANA_SECRET}`"
            ", because grafana.oidc is set, and its provider gives no token to a Grafana that does not know it"
        )
    if problems or settings is None:
        raise pulumi.RunError(f"the stack's settings have {len(problems)} problem(s):\n  " + "\n  ".join(problems))
    if isinstance(settings, RegionSettings):
        for line in sizing.too_large(settings):
            pulumi.warn(f"{errors.PREFIX}{line}")
        # Who writes [] knows.
        if "alertmanagers" not in settings.alerting.model_fields_set:
            pulumi.warn(
                f"{errors.PREFIX}alerting.alertmanagers is missing: alerts fire, and nobody is told. Name the "
                "Alertmanagers, and in alerting.runbookUrl the page that alerts link to; or write [] if nobody shall be"
            )
    return settings


def account_ids() -> list[str]:
    """The AWS accounts that the stack may use, as written: a list in YAML or as JSON text, each in quotes or not."""
    return _listed("aws", "allowedAccountIds")


def _aws_problems() -> list[str]:
    config = pulumi.Config("aws")
    problems: list[str] = []
    if not config.get("region"):
        problems.append("aws:region is missing: must name the bucket's AWS region, because Thanos must be told it")
    if config.get_bool("skipRequestingAccountId"):
        return problems  # an emulator: it has no accounts
    if not (ids := account_ids()):
        problems.append(
            "aws:allowedAccountIds is missing: must be a list with the id of the stack's AWS account, because whatever "
            "account the credentials at hand are of would be used otherwise"
        )
    elif not (config.get("allowedAccountIds") or "").startswith("["):
        problems.append(
            f"aws:allowedAccountIds is {errors.shown(ids[0])}: must be a list, because the AWS provider takes no other"
        )
    else:
        problems += [
            f"aws:allowedAccountIds[{index}] is {errors.shown(one)}: must be 12 digits in quotes, because YAML reads a "
            "number that begins with 0 as another one"
            for index, one in enumerate(ids)
            if not re.fullmatch("[0-9]{12}", one)
        ]
    return problems


def _gather(config: Mapping[str, str], is_secret: Callable[[str], bool]) -> tuple[dict[str, object], list[str]]:
    """The project's plain values by key, objects decoded, empty ones left out; and what is wrong with the secrets.

    The values of secrets are never looked at.
    """
    plain: dict[str, object] = {}
    problems: list[str] = []
    secrets: set[str] = set()
    for full_key, text in config.items():
        namespace, _, key = full_key.partition(":")
        if f"{namespace}:" != errors.PREFIX or text in EMPTY:
            continue
        if key in SECRETS:
            secrets.add(key)
            if not is_secret(full_key):
                problems.append(
                    f"{full_key} is stored as plain text: must be set by `pulumi config set --secret`, because the "
                    "stack file is committed; change the key at the store, too"
                )
        elif is_secret(full_key):
            problems.append(
                f"{full_key} is stored as a secret: must be plain, because it decides what is built and shows in names "
                f"and manifests; the secrets of this program are {' and '.join(SECRETS)}"
            )
        else:
            plain[key] = _decode(text)
    if len(keys := secrets.intersection(KEYS)) == 1:
        problems.append(
            f"{errors.PREFIX}{keys.pop()} is set alone: must come with the other of "
            f"{' and '.join(KEYS)}, because neither is of use without it"
        )
    return plain, problems


def _is_set(key: str) -> bool:
    return CONFIG.get().get(f"{errors.PREFIX}{key}", "") not in EMPTY


def _listed(namespace: str, key: str) -> list[str]:
    """A list, or the one value that is written in place of it."""
    found = _decode(pulumi.Config(namespace).get(key) or "[]")
    return [str(one) for one in (cast(list[object], found) if isinstance(found, list) else [found])]


def _keys_of(text: str) -> set[str]:
    """The keys of a secret object; its values are not looked at."""
    found = _decode(text)
    return set(cast("dict[str, object]", found)) if isinstance(found, dict) else set()


def _decode(text: str) -> object:
    """Objects and lists arrive as JSON; every other value is the text that was written."""
    try:
        return json.loads(text) if text.startswith(("{", "[")) else text
    except ValueError:
        return text
