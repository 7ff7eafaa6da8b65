"""What Argo CD is told: its clusters, and the Application that puts the agent on each.

No Application has a finalizer: see docs/adr/0013-applications-without-finalisers.md.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import yaml

import labels
import versions
from render import Document, _yaml

API_VERSION = "argoproj.io/v1alpha1"
CHART = "kube-prometheus-stack"
#: On cluster Secrets and Applications: which edge it is.
EDGE_LABEL = "observability/edge"
SECRET_TYPE = {"argocd.argoproj.io/secret-type": "cluster"}
#: Bytes of an ApplicationSet as we send it. etcd takes requests of 1.5 MiB (`--max-request-bytes`), and Argo CD adds a
#: status of about 250 bytes for each Application.
MAX_SET_BYTES = 1024 * 1024

Values = Mapping[str, Any]


def cluster(name: str, server: str, ca_data: str, token: str) -> dict[str, str]:
    """`stringData` of a cluster Secret. `ca_data`: PEM in base64."""
    config = {"bearerToken": token, "tlsClientConfig": {"caData": ca_data}}
    return {"name": name, "server": server, "config": json.dumps(config)}


def application(edge: str, cluster: str, *, values: str, project: str, namespace: str) -> Document:
    """`labels` and `spec` of an Application. `cluster`: its name in Argo CD. `values`: the chart's, as YAML."""
    return {
        "labels": {**labels.OURS, EDGE_LABEL: edge},
        "spec": {
            "project": project,
            "source": {
                "repoURL": versions.KUBE_PROMETHEUS_STACK_REPOSITORY,
                "chart": CHART,
                "targetRevision": versions.KUBE_PROMETHEUS_STACK,
                # Not the Application's name, so that objects are called the same on every edge.
                "helm": {"releaseName": CHART, "values": values},
            },
            "destination": {"name": cluster, "namespace": namespace},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                # CRDs of the chart have up to 800 kB, and client-side apply keeps a copy in an annotation (256 KiB).
                "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
                # About an hour. Not for ever: new values wait until the retries of the old ones have ended.
                "retry": {"limit": 10, "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}},
            },
        },
    }


def application_set(name: str, edges: Mapping[str, str], *, project: str, namespace: str) -> Document:
    """`spec` of the ApplicationSet that makes an Application of each cluster with an edge's label.

    `edges`: the chart's values as YAML, by edge. Values that edges have in common are in the template, once.
    Raises ValueError if the whole is larger than `MAX_SET_BYTES`.
    """
    bases, differences = _factored({edge: yaml.load(text, _yaml.Loader) or {} for edge, text in edges.items()})  # noqa: S506
    made = application("{{ .edge }}", "{{ .name }}", values=_merged(bases), project=project, namespace=namespace)
    spec = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [
            {
                "matrix": {
                    "generators": [
                        {"list": {"elements": [{"edge": edge, **differences[edge]} for edge in edges]}},
                        {"clusters": {"selector": {"matchLabels": {EDGE_LABEL: "{{ .edge }}"}}}},
                    ]
                }
            }
        ],
        # Else each Application gets the finalizer all the same.
        "syncPolicy": {"preserveResourcesOnDeletion": True},
        "template": {"metadata": {"name": f"{name}-{{{{ .edge }}}}", "labels": made["labels"]}, "spec": made["spec"]},
    }
    if (size := len(json.dumps(spec))) > MAX_SET_BYTES:
        raise ValueError(
            f"the ApplicationSet of {len(edges)} edges has {size} bytes, and {MAX_SET_BYTES} are allowed, because etcd "
            "takes no larger object: give edges more of the same values, or use generator: applications"
        )
    return spec


def _merged(bases: Mapping[str, Values]) -> str:
    """The template of an edge's values: those of its base and its own. The two never have the same leaf."""
    # In a raw string of Go only the backtick means something.
    text = json.dumps(bases, sort_keys=True).replace("`", "\\u0060")
    return f"{{{{ mergeOverwrite (index (fromJson `{text}`) .base) .own | toYaml }}}}"


def _factored(edges: Mapping[str, Values]) -> tuple[dict[str, Values], dict[str, Document]]:
    """Bases by key, and for each edge {base: key, own: what it has beside its base}.

    Edges with the same lists have a base of their own: lists are the long parts (filters), and cannot be merged.
    """
    groups: dict[str, list[str]] = {}
    for edge, values in edges.items():
        groups.setdefault(json.dumps(_lists(values), sort_keys=True), []).append(edge)
    bases: dict[str, Values] = {}
    differences: dict[str, Document] = {}
    for key, members in enumerate(groups.values()):
        bases[str(key)] = base = _common([edges[edge] for edge in members])
        for edge in members:
            differences[edge] = {"base": str(key), "own": _beside(edges[edge], base)}
    return bases, differences


def _lists(values: Values) -> Document:
    found: Document = {
        key: _lists(cast("Document", item)) if isinstance(item, dict) else item for key, item in values.items()
    }
    return {key: item for key, item in found.items() if item and isinstance(item, (dict, list))}


def _common(all_values: Sequence[Values]) -> Document:
    first, *others = all_values
    common: Document = {}
    for key, item in first.items():
        theirs = [values[key] for values in others if key in values]
        if len(theirs) < len(others):
            continue
        if all(_same(item, other) for other in theirs):
            common[key] = item
        elif all(isinstance(other, dict) for other in (item, *theirs)):
            common[key] = _common([item, *theirs])
    return common


def _beside(values: Values, base: Values) -> Document:
    own: Document = {}
    for key, item in values.items():
        if key not in base:
            own[key] = item
        elif not _same(item, base[key]):
            own[key] = _beside(item, base[key])
    return own


def _same(one: object, other: object) -> bool:
    # True == 1 in Python, not in YAML.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
