"""A region's stack: its file, and the Pulumi commands that a person would run, with the same flags."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

import stack_file
from local import pulumi_cli
from ops import digest
from ops.digest import Digest
from ops.errors import OperationError
from ops.plan import Shape
from render import Document
from settings import RegionSettings
from settings.errors import PREFIX

ROOT = Path(__file__).resolve().parent.parent
INGESTERS, RING = f"{PREFIX}receive.ingesters", f"{PREFIX}receive.ring"


@dataclass(frozen=True)
class Stack:
    """A stack of the kind region."""

    name: str
    """As Pulumi knows it; an organisation may stand before it."""
    given_file: Path | None = None
    """Unless given, the CLI takes the one of the stack's name beside the program."""

    @property
    def region(self) -> str:
        """The stack's own name, with which the names of its objects begin."""
        return self.name.rpartition("/")[2]

    @property
    def file(self) -> Path:
        return self.given_file or ROOT / f"Pulumi.{self.region}.yaml"

    def context(self) -> str:
        """The cluster's context in the kubeconfig."""
        context = self._config().get("kubernetes:context")
        if not context:
            raise OperationError(f"{self.file} has no kubernetes:context: it must name the cluster's context")
        return context

    def settings(self, target: int | None = None, *, sizing: str | None = None) -> RegionSettings:
        """The settings as written, or as they would be with `target` ingesters that share all series, or by `sizing`.

        OperationError says which rule they break.
        """
        values = stack_file.plain(self._config())
        if values.get("kind") != "region":
            raise OperationError(f"{self.file} is of the kind {values.get('kind')!r}: only regions have receivers")
        if target is not None:
            receive = cast("Document", values.get("receive") or {})
            values["receive"] = {**{key: value for key, value in receive.items() if key != "ring"}, "ingesters": target}
        if sizing:
            values["sizing"] = sizing
        try:
            return cast("RegionSettings", stack_file.parse(values))  # its kind is region
        except ValueError as error:
            what = f"{self.file}, with {target} ingesters" if target is not None else self.file
            raise OperationError(f"{what}:\n  " + "\n  ".join(str(error).splitlines())) from None

    def written(self) -> Shape:
        receive = self.settings().receive
        return Shape(receive.ingesters, receive.ring_size)

    def write(self, shape: Shape) -> None:
        """Writes a shape; a ring of all ingesters is written as none. The CLI leaves comments where they are.

        Each single change leaves a file that describes what runs, or the step after it.
        """
        keys = {INGESTERS: shape.ingesters}
        if shape.ring != shape.ingesters:
            keys[RING] = shape.ring
        options = [f"--plaintext={key}={value}" for key, value in keys.items()]
        self._quiet("config", "set-all", "--path", *options)
        if shape.ring == shape.ingesters:
            self._quiet("config", "rm", "--path", RING)

    def up(self, *, refresh: bool = False) -> None:
        """`pulumi up`, its output passed through. refresh: looks first at what is there."""
        looking = ["--refresh"] if refresh else []
        command = self._command("up", "--yes", "--skip-preview", "--suppress-outputs", *looking)
        if pulumi_cli.operate(command):
            raise OperationError("`pulumi up` failed: the reason stands above. The same command tries again")

    def preview(self, *, refresh: bool = False) -> Digest:
        """What a `pulumi up` would do; refresh: if it looked first at what is there. Neither changes the record.

        Raises OperationError with the engine's reasons.
        """
        done = self._run("preview", "--json", f"--refresh={str(refresh).lower()}")
        return digest.read(done.stdout, done.stderr, succeeded=done.returncode == 0)

    def require_unchanged(self) -> None:
        """OperationError unless a `pulumi up` would change nothing."""
        done = self._run("preview", "--expect-no-changes")
        if done.returncode:
            raise OperationError(
                f"{done.stdout.strip()}\n{done.stderr.strip()}\n"
                f"the stack {self.name} cannot be previewed, or has changes that are not applied yet, and this command "
                f"would apply them, too. Look at them, and bring it up first: pulumi up -s {self.name}"
            )

    def _config(self) -> Document:
        try:
            document = yaml.safe_load(self.file.read_text())
        except FileNotFoundError:
            raise OperationError(f"there is no stack file {self.file}") from None
        except yaml.YAMLError as error:
            raise OperationError(f"{self.file} is no YAML: {error}") from None
        written: Document = document or {}
        return written.get("config") or {}

    def _quiet(self, *arguments: str) -> None:
        done = self._run(*arguments)
        if done.returncode:
            raise OperationError(f"`pulumi {' '.join(arguments[:2])}` failed: {done.stderr.strip()}")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*self._command(*arguments), "--non-interactive"]
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def _command(self, *arguments: str) -> list[str]:
        file = [f"--config-file={self.given_file.resolve()}"] if self.given_file else []
        return ["pulumi", *arguments, f"--stack={self.name}", *file]
