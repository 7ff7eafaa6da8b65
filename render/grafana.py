"""What Grafana reads: grafana.ini, its data sources, and where its dashboards are.

Keys by Grafana's documentation: setup-grafana/configure-grafana, administration/provisioning, datasources/*. Only what
differs from Grafana's defaults is written.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import yaml

from render import Json, units

HTTP_PORT = 3000
#: Of the first user, who is there without any provider.
ADMIN = "admin"
#: The uid of the data source for metrics, by which dashboards know it.
THANOS = "thanos"
#: Under which applications (OpenTelemetry's SDKs) and Tempo put the id of a trace into an exemplar.
TRACE_ID_LABELS = ("trace_id", "traceID")
#: How far the metrics of a span are shown before and after it.
AROUND_A_SPAN = "15m"
FOLDER = "Observability"
#: Kubernetes takes no ConfigMap that is larger.
LARGEST_CONFIG_MAP = 1024 * 1024
#: Where a value of grafana.ini begins a comment, a quote or a continued line.
_PLAIN = re.compile(r"[\w./:@,?&=~${} -]*")


class Login(TypedDict):
    """A provider of OpenID Connect."""

    name: str
    auth_url: str
    token_url: str
    api_url: str
    client_id: str
    scopes: list[str]
    role_attribute_path: str | None


class Secrets(TypedDict):
    """Files with what is secret; it is never in grafana.ini."""

    admin_password: str
    secret_key: str
    client_secret: str


def flags(*, config_file: str) -> list[str]:
    """Without the image's own start script, which would set the same."""
    return ["server", "--homepath=/usr/share/grafana", f"--config={config_file}", "--packaging=docker"]


def ini(*, root_url: str, files: Secrets, login: Login | None) -> str:
    """grafana.ini. `root_url`: as people write it in their browsers."""
    sections: dict[str, dict[str, object]] = {
        "server": {"root_url": root_url},
        "log": {"mode": "console"},
        "security": {
            "admin_user": ADMIN,
            "admin_password": f"$__file{{{files['admin_password']}}}",
            "secret_key": f"$__file{{{files['secret_key']}}}",
            "disable_gravatar": True,
            "cookie_secure": root_url.startswith("https://"),
        },
        # Exemplars lead to Explore, which is not for Viewers. What is provisioned nobody can change there.
        "users": {"auto_assign_org_role": "Editor"},
        # Rules are files, tested, and evaluated by Prometheus and the Ruler, also while nobody looks. Grafana shows
        # them; rules of its own would be one more place, and be gone with a pod that has no volume.
        "unified_alerting": {"execute_alerts": False},
        # Nothing is told to anybody outside, and nothing fetched.
        "analytics": {
            "reporting_enabled": False,
            "check_for_updates": False,
            "check_for_plugin_updates": False,
            "feedback_links_enabled": False,
        },
        "news": {"news_feed_enabled": False},
        "snapshots": {"enabled": False},
        # The data sources for Prometheus and Tempo are plugins in the image. Grafana would unload them to put newer
        # ones into its root file system, which is read-only, and have none then (grafana/grafana#132528).
        "plugins": {"preinstall_disabled": True, "preinstall_auto_update": False, "plugin_admin_enabled": False},
    }
    if login:
        sections["auth.generic_oauth"] = _login(login, files)
    return "\n".join(_section(name, values) for name, values in sections.items())


def datasources(
    *, thanos_url: str, scrape_interval: str, tempos: Mapping[str, str], alertmanagers: Sequence[str]
) -> str:
    """Provisioning of data sources. `tempos`: URLs by region, empty where there is none; `alertmanagers`: URLs.

    Those that are no longer named are removed, also from a database that stays. A literal `$` is written `$$`.
    """
    traced = {region: url for region, url in tempos.items() if url}
    sources = [
        _thanos(thanos_url, scrape_interval, list(traced), managed=bool(alertmanagers)),
        *(_tempo(region, url) for region, url in traced.items()),
        *(_alertmanager(number, url) for number, url in enumerate(alertmanagers)),
    ]
    return yaml.safe_dump({"apiVersion": 1, "prune": True, "datasources": sources}, sort_keys=False, width=120)


def dashboard_provider(*, folder: str) -> str:
    """Provisioning of all dashboards in a folder of the file system. A file that goes takes its dashboard with it."""
    provider = {
        "name": "observability",
        "orgId": 1,
        "folder": FOLDER,
        "folderUid": FOLDER.lower(),
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": folder, "foldersFromFilesStructure": False},
    }
    return yaml.safe_dump({"apiVersion": 1, "providers": [provider]}, sort_keys=False)


def load(folder: Path) -> dict[str, str]:
    """The dashboards of a folder, by file name: JSON without spaces.

    ValueError, with the file, if one is no JSON, or its uid is not the name of its file: of two with one uid Grafana
    would show neither.
    """
    return {path.name: _dashboard(path) for path in sorted(folder.glob("*.json"))}


def in_one_config_map(files: Mapping[str, str]) -> dict[str, str]:
    """The files as they are. ValueError if Kubernetes would not take so much."""
    size = sum(len(name.encode()) + len(text.encode()) for name, text in files.items())
    if size > LARGEST_CONFIG_MAP:
        raise ValueError(
            f"{len(files)} dashboards have {size} bytes and must have at most {LARGEST_CONFIG_MAP}, because they are "
            "one ConfigMap, and Kubernetes takes none that is larger"
        )
    return dict(files)


def _dashboard(path: Path) -> str:
    try:
        model: Json = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"the dashboard {path} is no JSON: {error}") from None
    uid = model.get("uid") if isinstance(model, dict) else None
    if uid != path.stem:
        raise ValueError(f"the dashboard {path} has the uid {uid!r}: must be {path.stem!r}, as its file is called")
    return json.dumps(model, separators=(",", ":"), ensure_ascii=False)


def _login(login: Login, files: Secrets) -> dict[str, object]:
    found: dict[str, object] = {
        "enabled": True,
        "name": login["name"],
        "client_id": login["client_id"],
        "client_secret": f"$__file{{{files['client_secret']}}}",
        "scopes": " ".join(login["scopes"]),
        "auth_url": login["auth_url"],
        "token_url": login["token_url"],
        "api_url": login["api_url"],
        "use_pkce": True,
    }
    if login["role_attribute_path"]:
        found |= {"role_attribute_path": login["role_attribute_path"], "role_attribute_strict": True}
    return found


def _section(name: str, values: Mapping[str, object]) -> str:
    return "".join([f"[{name}]\n", *(f"{key} = {_value(value)}\n" for key, value in values.items())])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if "\n" in text or '"""' in text:
        raise ValueError(f"{text!r} must be one line without three quotes, because nothing quotes those in grafana.ini")
    return text if _PLAIN.fullmatch(text) else f'"""{text}"""'


def _source(name: str, kind: str, uid: str, url: str, data: dict[str, object], **more: object) -> dict[str, object]:
    own = {"name": name, "type": kind, "uid": uid, "access": "proxy", "url": url, "editable": False, **more}
    return {**own, "jsonData": data}


def _thanos(url: str, scrape_interval: str, regions: Sequence[str], *, managed: bool) -> dict[str, object]:
    data: dict[str, object] = {
        "prometheusType": "Thanos",
        "httpMethod": "POST",
        # `$__rate_interval` is four of these.
        "timeInterval": f"{int(units.duration(scrape_interval).total_seconds())}s",
        # Only when it is asked for `auto` does the Query Frontend ask again, for 5m and 1h data, where raw data is past
        # its retention; a panel over 14 days would end after 7. Whether an answer may be partial is left to the server:
        # it may, with a warning.
        "customQueryParameters": "max_source_resolution=auto",
        "manageAlerts": True,
        "allowAsRecordingRulesTarget": False,
        # An exemplar does not say in which Tempo its trace is, so there is a link to each.
        "exemplarTraceIdDestinations": [
            {"name": label, "datasourceUid": f"tempo-{region}", "urlDisplayLabel": f"Trace in {region}"}
            for label in TRACE_ID_LABELS
            for region in regions
        ],
    }
    if managed:
        data["alertmanagerUid"] = "alertmanager"
    return _source("Thanos", "prometheus", THANOS, url, data, isDefault=True)


def _tempo(region: str, url: str) -> dict[str, object]:
    # `$$__tags` is the list of those tags that the span has; a comma at the end is allowed in a selector.
    calls, seconds = "traces_spanmetrics_calls_total", "traces_spanmetrics_latency_bucket"
    here = f'region="{region}"'
    queries = {
        "Calls per second": f"sum by (span_name) (rate({calls}{{{here},$$__tags}}[5m]))",
        "Share of errors": f'sum(rate({calls}{{{here},status_code="STATUS_CODE_ERROR",$$__tags}}[5m]))'
        f" / sum(rate({calls}{{{here},$$__tags}}[5m]))",
        "Duration, 99th percentile": f"histogram_quantile(0.99, sum by (le) (rate({seconds}{{{here},$$__tags}}[5m])))",
    }
    data: dict[str, object] = {
        "tracesToMetrics": {
            "datasourceUid": THANOS,
            "spanStartTimeShift": f"-{AROUND_A_SPAN}",
            "spanEndTimeShift": AROUND_A_SPAN,
            "tags": [
                {"key": "service.name", "value": "service"},
                {"key": "k8s.cluster.name", "value": "cluster"},
            ],
            "queries": [{"name": name, "query": query} for name, query in queries.items()],
        },
        "serviceMap": {"datasourceUid": THANOS},
        "nodeGraph": {"enabled": True},
        "streamingEnabled": {"search": True, "metrics": True},
    }
    return _source(f"Tempo {region}", "tempo", f"tempo-{region}", url, data)


def _alertmanager(number: int, url: str) -> dict[str, object]:
    suffix = f"-{number + 1}" if number else ""
    data: dict[str, object] = {"implementation": "prometheus", "handleGrafanaManagedAlerts": False}
    return _source(f"Alertmanager{suffix}", "alertmanager", f"alertmanager{suffix}", url, data)
