"""ArgoCd against Argo CD's own definitions, in a real API server, and its template in Go's own language for them."""

import json
from pathlib import Path

import pytest
import yaml
from kubernetes import client
from kubernetes.client import ApiException

from local.paths import ROOT
from render import agent, argo_cd
from tests.components.args import API_SERVER, ARGO_CD
from tests.plugins.argo_cd import TEMPLATE_LIBRARIES, go, install
from tests.plugins.world import World, failed, succeeded

pytestmark = pytest.mark.plugins

PROGRAM = """
from components import ArgoCd
from render import argo_cd
{before}
provider = k8s.Provider("cluster", kubeconfig="{kubeconfig}", enable_secret_mutable=True, upsert_existing_objects=True)
ArgoCd("eu-argo-cd", {args!r}, opts=ResourceOptions(providers=[provider]))
"""
#: Stack, provider and component.
BESIDE = 3
GENERATORS = {"applicationSet": "applicationsets", "applications": "applications"}
MISTYPED = """
right = argo_cd.application
def application(*args, **more):
    made = right(*args, **more)
    made["spec"]["syncPolicy"]["automated"]["selfHeel"] = made["spec"]["syncPolicy"]["automated"].pop("selfHeal")
    return made
argo_cd.application = application
"""
EDGE = {"name": "eu-1", "values": "a: 1\n", "api_server": API_SERVER, "credential": "credential-of-eu-1"}
FOREIGN = {"name": "eu-2", "values": "a: 2\n", "api_server": None, "credential": None}


class Argo:
    """The program, and what Argo CD would find in its namespace."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.stack = world.stack
        self.custom = client.CustomObjectsApi(world.core.api_client)

    def program(self, generator: str, edges: list[dict] = (EDGE, FOREIGN), before: str = "") -> None:
        args = {**ARGO_CD, "argo_cd_namespace": self._world.namespace, "generator": generator, "edges": list(edges)}
        self._world.program(PROGRAM.format(kubeconfig=self._world.kubeconfig, args=args, before=before))

    def all(self, plural: str) -> dict[str, dict]:
        group, version = argo_cd.API_VERSION.split("/")
        found = self.custom.list_namespaced_custom_object(group, version, self._world.namespace, plural)["items"]
        return {item["metadata"]["name"]: item for item in found}

    def create(self, plural: str, body: dict) -> dict:
        group, version = argo_cd.API_VERSION.split("/")
        return self.custom.create_namespaced_custom_object(group, version, self._world.namespace, plural, body)

    def set_status(self, plural: str, name: str, status: dict) -> None:
        group, version = argo_cd.API_VERSION.split("/")
        self.custom.patch_namespaced_custom_object_status(
            group, version, self._world.namespace, plural, name, {"status": status}
        )

    def clusters(self) -> dict[str, client.V1Secret]:
        found = self._world.core.list_namespaced_secret(
            self._world.namespace, label_selector="argocd.argoproj.io/secret-type=cluster"
        )
        return {secret.metadata.labels[argo_cd.EDGE_LABEL]: secret for secret in found.items}


@pytest.fixture
def argo(world: World) -> Argo:
    install(world.core.api_client)
    world.stack.env["PYTHONPATH"] = str(ROOT)
    return Argo(world)


@pytest.mark.parametrize("generator", GENERATORS)
def test_argo_cds_own_definitions_take_what_is_made_and_find_nothing_to_change(argo: Argo, generator: str):
    argo.program(generator)
    count = {"applicationSet": 2, "applications": 3}[generator]
    up = succeeded(argo.stack.up())
    assert up.changes == {"create": count + BESIDE}
    assert set(argo.clusters()) == {"eu-1"}
    assert len(argo.all(GENERATORS[generator])) == count - 1
    for made in argo.all(GENERATORS[generator]).values():
        assert "finalizers" not in made["metadata"]

    assert succeeded(argo.stack.up()).changes == {"same": count + BESIDE}
    assert succeeded(argo.stack.refresh()).changes == {"same": count + BESIDE}
    assert EDGE["credential"] not in up.text + json.dumps(argo.stack.state())
    assert succeeded(argo.stack.destroy()).changes == {"delete": count + BESIDE}


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_mistyped_field_is_refused(argo: Argo, generator: str):
    argo.program(generator, before=MISTYPED)
    text = failed(argo.stack.preview())
    assert "syncPolicy.automated.selfHeel" in text
    assert "field not declared in schema" in text


def test_an_edge_that_goes_takes_its_application_along_and_then_its_cluster(argo: Argo):
    argo.program("applications")
    succeeded(argo.stack.up())
    argo.program("applications", edges=[FOREIGN])

    text = succeeded(argo.stack.up()).text

    assert argo.clusters() == {}
    assert set(argo.all("applications")) == {"eu-argo-cd-eu-2"}
    deleted = [line for line in text.splitlines() if "eu-argo-cd-eu-1" in line and "deleted" in line]
    assert ["Application" in line for line in deleted] == [True, False], text


def test_a_new_credential_changes_the_cluster_in_place(argo: Argo):
    argo.program("applicationSet")
    succeeded(argo.stack.up())
    before = argo.clusters()["eu-1"].metadata.uid
    argo.program("applicationSet", edges=[{**EDGE, "credential": "another-credential"}, FOREIGN])
    # Argo CD would take a cluster that is away for a moment as the end of its Application.
    assert succeeded(argo.stack.up()).changes == {"update": 1, "same": 1 + BESIDE}
    assert argo.clusters()["eu-1"].metadata.uid == before


def test_the_largest_application_set_fits_with_argo_cds_status_of_500_applications(argo: Argo):
    def size_of(length: int) -> dict:
        values = {f"eu-{number:03}": f"own: {number:03}{'x' * length}" for number in range(500)}
        return argo_cd.application_set("agents", values, project="default", namespace="monitoring")

    length = argo_cd.MAX_SET_BYTES // 500
    while True:
        try:
            spec = size_of(length)
            break
        except ValueError:
            length -= 10
    resource = {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "status": "OutOfSync"}
    health = {"status": "Degraded", "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "x" * 80}
    resources = [{**resource, "name": f"agents-eu-{number:03}", "health": health} for number in range(500)]
    body = {"apiVersion": argo_cd.API_VERSION, "kind": "ApplicationSet", "metadata": {"name": "agents"}, "spec": spec}

    argo.create("applicationsets", body)
    argo.set_status("applicationsets", "agents", {"resources": resources})

    made = argo.all("applicationsets")["agents"]
    assert made["status"]["resources"] == resources
    assert len(json.dumps(made["spec"])) > argo_cd.MAX_SET_BYTES * 0.98
    spec["generators"][0]["matrix"]["generators"][0]["list"]["elements"] *= 2
    with pytest.raises(ApiException, match="request is too large"):
        argo.create("applicationsets", {**body, "metadata": {"name": "twice"}})


RENDER = """package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var given struct {
		Template string
		Options  []string
		Elements []map[string]any
	}
	must(json.NewDecoder(os.Stdin).Decode(&given))
	functions := sprig.GenericFuncMap()
	functions["toYaml"] = func(value any) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\\n"), err
	}
	parsed := template.Must(template.New("").Funcs(functions).Option(given.Options...).Parse(given.Template))
	rendered := []string{}
	for _, element := range given.Elements {
		var text strings.Builder
		must(parsed.Execute(&text, element))
		rendered = append(rendered, text.String())
	}
	must(json.NewEncoder(os.Stdout).Encode(rendered))
}
"""


def test_rendered_by_go_each_edge_has_its_values_again(tmp_path: Path):
    values = {
        "eu-1": {"a": {"b": 1, "c": None, "d": {}, "e": [1, "x`y"]}, "alert": "{{ $labels.a }} `q` }}", "only": None},
        "eu-2": {"a": {"b": 2, "c": None, "e": [1, "x`y"]}, "alert": "{{ $labels.a }} `q` }}", "large": 12345678901},
        "eu-3": {"a": {"b": False, "c": 0, "d": "", "e": [1, "x`y"]}, "alert": "{{ .edge }}", "part": 1.5},
        "eu-4": {"a": [None, {"b": "yes"}], "alert": 'a "b"\n c'},
        "eu-5": {},
    }
    texts = {edge: yaml.safe_dump(own) for edge, own in values.items()}
    spec = argo_cd.application_set("agents", texts, project="default", namespace="monitoring")
    (tmp_path / "main.go").write_text(RENDER)
    go("mod", "init", "render", folder=tmp_path)
    go("get", *TEMPLATE_LIBRARIES, folder=tmp_path)
    given = {
        "Template": spec["template"]["spec"]["source"]["helm"]["values"],
        "Options": spec["goTemplateOptions"],
        "Elements": spec["generators"][0]["matrix"]["generators"][0]["list"]["elements"],
    }

    rendered = json.loads(go("run", ".", folder=tmp_path, text=json.dumps(given)))

    assert dict(zip(values, map(yaml.safe_load, rendered), strict=True)) == values


READ = """package main

import (
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	text, _ := io.ReadAll(os.Stdin)
	found, err := yaml.YAMLToJSON(text)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(found)
}
"""


def test_a_text_that_looks_like_a_number_is_a_text_to_helm(tmp_path: Path):
    words = [
        "1e3",
        "12e45",
        "0o17",
        "0b1",
        "1_000",
        ".5",
        "+1",
        "y",
        "n",
        "N",
        "on",
        "null",
        "~",
        "",
        "2001-01-01",
        "1:30",
    ]
    values = {**{word: word for word in words}, "numbers": [1, 1.5, -3, 12345678901], "flags": [True, None], "a": words}
    (tmp_path / "main.go").write_text(READ)
    go("mod", "init", "read", folder=tmp_path)
    go("get", TEMPLATE_LIBRARIES[1], folder=tmp_path)
    assert json.loads(go("run", ".", folder=tmp_path, text=agent.chart_yaml(values))) == values
