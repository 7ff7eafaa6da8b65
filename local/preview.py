"""`pulumi preview` of a production stack file with nothing but this checkout: no cluster, no credentials, no state.

That is what a pull request from a fork can do. Everything is shown as created, and the Kubernetes objects are not
validated by an API server; the output says so. The policies of `policy/` are asked, and a violation fails the preview.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import yaml

import contract
from local import policy_pack, pulumi_cli, tools
from local.paths import ROOT
from review.program import promised
from settings.base import UNCHECKED

#: Those that have a stack file.
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
#: What the AWS plugin would otherwise ask AWS for.
_OFFLINE = {
    "aws:accessKey": "none",
    "aws:secretKey": "none",
    "aws:skipCredentialsValidation": True,
    "aws:skipMetadataApiCheck": True,
    "aws:skipRequestingAccountId": True,
}


def preview(stack: str, *, official_plugins: bool = True) -> int:
    """Returns the CLI's exit code. The user's own Pulumi home, backend, kubeconfig and credentials are not used."""
    tools.fetch([tools.PULUMI])
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "backend").mkdir()
        (here / "passphrase").write_text("preview")
        environment = pulumi_cli.environment(
            backend=here / "backend", passphrase_file=here / "passphrase", official_plugins=official_plugins
        )
        environment["KUBECONFIG"] = str(here / "no-kubeconfig")
        policies = policy_pack.prepare(here / "policies", environment)

        def pulumi(*arguments: str, cwd: Path = here, stdin: str = "", quiet: bool = True) -> int:
            command = ["pulumi", *arguments, "--non-interactive"]
            out = subprocess.DEVNULL if quiet else None
            return subprocess.run(command, cwd=cwd, env=environment, input=stdin, stdout=out, text=True).returncode

        document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
        config = document["config"]
        offline(config)
        # A new stack's encryption salt is written beside the project file: into a copy of it.
        (here / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
        file = here / f"Pulumi.{stack}.yaml"
        file.write_text(yaml.safe_dump(document))
        for region in config.get("observability:regions", []):
            pulumi("stack", "init", region)
            pulumi("stack", "import", f"--stack={region}", stdin=json.dumps(_state(region)))
        pulumi("stack", "init", stack)
        flags = (f"--stack={stack}", f"--config-file={file}", f"--policy-pack={policies}")
        return pulumi("preview", *flags, cwd=ROOT, quiet=False)


def offline(config: dict[str, object]) -> None:
    """Changes the configuration of a production stack file so that nobody is asked: neither the cluster nor AWS."""
    config["observability:clusterId"] = UNCHECKED
    config.pop("aws:allowedAccountIds", None)  # an account cannot be checked without credentials
    if "aws:region" in config:
        config.update(_OFFLINE)


def _state(region: str) -> dict:
    """A region's state that has nothing but the outputs it promises: enough for the global stack to be previewed."""
    stack = {
        "urn": f"urn:pulumi:{region}::observability::pulumi:pulumi:Stack::observability-{region}",
        "type": "pulumi:pulumi:Stack",
        "custom": False,
        "outputs": {contract.OUTPUT: promised(region)},
    }
    manifest = {"time": "2020-01-01T00:00:00Z", "magic": "", "version": ""}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": [stack]}}
