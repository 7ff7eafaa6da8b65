"""What is left of a preview for those who read it."""

import subprocess

from review import preview

EVENTS = """\
{"sequence":1,"timestamp":1,"preludeEvent":{"config":{}}}
{"sequence":2,"timestamp":1,"policyEvent":{"resourceUrn":"urn:pulumi:t::p::a:b:C$kubernetes:apps/v1:Deployment::query",\
"message":"no version. Name one\\n","color":"never","policyName":"images-are-pinned","policyPackName":"observability",\
"policyPackVersion":"0.1.0","policyPackVersionTag":"0.1.0","enforcementLevel":"mandatory"}}
"""
SAID = "policy images-are-pinned (mandatory) on kubernetes:apps/v1:Deployment query: no version. Name one"


def test_the_log_has_what_the_cli_said_and_what_policies_refuse(tmp_path, monkeypatch, capsys):
    called = []

    def run(command: list[str], **how: object) -> subprocess.CompletedProcess:
        called.append(command)
        (flag,) = [one for one in command if one.startswith("--event-log=")]
        with open(flag.partition("=")[2], "w") as file:
            file.write(EVENTS)
        assert how["env"]["PULUMI_DEBUG_COMMANDS"] == "true"
        return subprocess.CompletedProcess(command, 255, "{}", "error: preview failed\n")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("shutil.which", lambda program: f"/bin/{program}")
    file = tmp_path / "stack.yaml"
    code = preview.main(
        ["--stack=acme/observability/apac", f"--out={tmp_path / 'new'}", f"--config-file={file}", "--", "--refresh"]
    )

    assert code == 255
    assert called[0][:3] == ["pulumi", "preview", "--json"]
    assert {"--stack=acme/observability/apac", f"--config-file={file}", "--refresh"} <= set(called[0])
    assert (tmp_path / "new/apac.preview.json").read_text() == "{}"
    assert (tmp_path / "new/apac.log").read_text() == f"error: preview failed\n{SAID}\n"
    assert SAID in capsys.readouterr().err


def test_a_cli_that_is_not_there_is_said_without_a_stack_trace(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert preview.main(["--stack=apac", f"--out={tmp_path}"]) == 1
    assert "pulumi is not on PATH" in capsys.readouterr().err


def test_an_event_that_was_cut_off_is_left_out():
    assert list(preview.violations(EVENTS[:-20])) == []
