"""The program passes the type checker by the strict rules, as pyproject.toml sets them."""

import json
import subprocess

from tests.engine import ROOT


def test_the_program_has_no_type_errors():
    done = subprocess.run([ROOT / ".venv/bin/basedpyright", "--outputjson"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    # With nothing to look at there would be no error either.
    assert report["summary"]["filesAnalyzed"] > 100
    found = [
        f"{each['file']}:{each['range']['start']['line'] + 1}: {each['message']} ({each.get('rule')})"
        for each in report["generalDiagnostics"]
    ]
    assert not found, "\n".join(found)
