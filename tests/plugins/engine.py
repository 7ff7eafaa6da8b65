"""Runs small Python programs through the real Pulumi engine, with the stand-in plugins and a throw-away backend."""

import json
import subprocess
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from local import pulumi_cli


@dataclass(frozen=True)
class Result:
    """One finished command: its exit code, all that it printed, and the engine's counts by operation."""

    code: int
    text: str
    changes: dict[str, int]


@dataclass
class Stack:
    """A project of one stack in `folder`. `config` maps full keys (`aws:region`) to values."""

    folder: Path
    config: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "backend").mkdir(exist_ok=True)
        (self.folder / "passphrase").write_text("test")
        (self.folder / "Pulumi.yaml").write_text("name: probe\nruntime: python\n")
        self.program("")
        self._run("stack", "init", "test")
        for key, value in self.config.items():
            self._run("config", "set", "--path", key, value)

    def program(self, source: str) -> None:
        """Sets the program's text."""
        (self.folder / "__main__.py").write_text(textwrap.dedent(source))

    def up(self, **env: str) -> Result:
        return self._operation("up", "--yes", "--skip-preview", **env)

    def preview(self, **env: str) -> Result:
        return self._operation("preview", **env)

    def preview_with(self, policies: Path) -> Result:
        """A preview that asks a policy pack; its text is what a user sees."""
        return self._run("preview", "--policy-pack", str(policies), check=False)

    def refresh(self, **env: str) -> Result:
        return self._operation("refresh", "--yes", "--skip-preview", **env)

    def destroy(self, *flags: str, previewed: bool = False, **env: str) -> Result:
        """`previewed`: as a person does it, who is stopped where the preview fails."""
        return self._operation("destroy", "--yes", *flags, *([] if previewed else ["--skip-preview"]), **env)

    def unprotect(self, *names: str) -> None:
        state = self.state()
        self._run("state", "unprotect", "--yes", *(state[name]["urn"] for name in names))

    def outputs(self, *, show_secrets: bool = True) -> dict:
        flags = ["--show-secrets"] if show_secrets else []
        return json.loads(self._run("stack", "output", "--json", *flags).text)

    def state(self) -> dict[str, dict]:
        """The recorded resources by name, as the engine stores them (secrets stay encrypted)."""
        return {resource["urn"].rsplit("::", 1)[1]: resource for resource in self.resources()}

    def resources(self) -> list[dict]:
        """The same, also where some have one name."""
        return json.loads(self._run("stack", "export").text)["deployment"].get("resources", [])

    def environment(self) -> dict[str, str]:
        """For other programs that call the CLI."""
        cli = pulumi_cli.environment(
            backend=self.folder / "backend", passphrase_file=self.folder / "passphrase", official_plugins=False
        )
        return {**cli, **self.env}

    def _operation(self, *args: str, **env: str) -> Result:
        if args[0] == "preview":
            done = self._run(*args, "--json", check=False, **env)
            changes = json.loads(done.text).get("changeSummary", {}) if done.code == 0 else {}
            return Result(done.code, done.text, changes)
        before = self._history()
        done = self._run(*args, check=False, **env)
        new = sorted(self._history() - before)
        changes = json.loads(new[-1].read_text()).get("resourceChanges", {}) if new else {}
        return Result(done.code, done.text, changes)

    def _history(self) -> set[Path]:
        return set(self.folder.glob("backend/.pulumi/history/**/*.history.json"))

    def _run(self, *args: str, check: bool = True, **env: str) -> Result:
        stack = [] if args[:2] == ("stack", "init") else ["--stack", "test"]
        command = ["pulumi", *args, *stack, "--cwd", str(self.folder), "--non-interactive"]
        done = subprocess.run(command, env={**self.environment(), **env}, capture_output=True, text=True, timeout=300)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return Result(done.returncode, done.stdout if check else done.stdout + done.stderr, {})
