"""What the work tree changes in the stacks, against a commit: `make diff BASE=main`. It renders both and asks nobody.

docs/rendering.md says how to read it, and what it cannot show.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from review.changes import changes, markdown, text
from review.engine import ROOT

#: The characters that a comment on GitHub may have, and room for what else is in it.
MAX_CHARS = 60_000
RENDERER = "review/render.py"


class DiffError(Exception):
    """The two cannot be compared; the message says why, and what to do."""


class TreeError(Exception):
    """A tree cannot be rendered; the message is what its renderer said."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m review.diff", description=__doc__)
    parser.add_argument("--base", required=True, help="the commit, branch or tag to compare with")
    parser.add_argument("--stack", help="this one alone; all with a Pulumi.<stack>.yaml unless given")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="writes it for a comment, too")
    parser.add_argument("--max-chars", type=_limit, default=MAX_CHARS, help="of that comment (%(default)s)")
    parser.add_argument("--exit-code", action="store_true", help="1 if there are differences; 2 is a failure, always")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="diff-") as folder:
            tree = Path(folder) / "base"
            _export(options.base, tree)
            if not (tree / RENDERER).exists():
                return _nothing_to_compare(options.base, f"it has no {RENDERER} yet", options.markdown)
            stacks = _stacks(options.base, tree, options.stack)
            with ThreadPoolExecutor(2) as both:
                base, own = both.submit(_rendered, tree, stacks), both.submit(_rendered, ROOT, stacks)
            try:
                after = own.result()
            except TreeError as error:
                raise DiffError(f"the work tree cannot be rendered: mend it. {error}") from None
            try:
                before = base.result()
            except TreeError as error:
                # It is broken, or does not fit the packages of this work tree: what mends that must not fail for it.
                return _nothing_to_compare(options.base, f"it cannot be rendered. {error}", options.markdown)
            found = changes(before, after)
        print(text(found, stacks), end="")
        if options.markdown:
            _write(options.markdown, markdown(found, stacks, base=options.base, limit=options.max_chars))
    except DiffError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return int(options.exit_code and bool(found))


def _nothing_to_compare(base: str, why: str, file: Path | None) -> int:
    note = f"There is nothing to compare with in {base}: {why}\n"
    print(note, end="")
    if file:
        _write(file, note)
    return 0


def _export(base: str, tree: Path) -> None:
    """The files of the commit. DiffError if there is none."""
    if not base or base.startswith("-"):
        raise DiffError(f"{base!r} is no commit: say which, e.g. make diff BASE=main")
    commit = _git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    if commit.returncode:
        raise DiffError(
            f"{ROOT} has no commit {base}: fetch it (git fetch origin {base}), or name another: make diff BASE=..."
            if not _git("rev-parse", "--git-dir").returncode
            else f"{ROOT} is no git repository: clone it, so that there is something to compare with"
        )
    archive = _git("archive", "--format=zip", commit.stdout.decode().strip())
    if archive.returncode:
        raise DiffError(f"git cannot show the files of {base}: {archive.stderr.decode().strip()}")
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as files:
        files.extractall(tree)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)
    except FileNotFoundError:
        raise DiffError("there is no git here: install it, since the other side is one of its commits") from None


def _stacks(base: str, tree: Path, wanted: str | None) -> list[str]:
    """Of both sides; DiffError if nobody knows the one that is wanted."""
    there = {
        file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        for side in (tree, ROOT)
        for file in side.glob("Pulumi.*.yaml")
    }
    if not wanted:
        return sorted(there)
    if wanted not in there:
        raise DiffError(f"neither {base} nor the work tree has a Pulumi.{wanted}.yaml: name another stack")
    return [wanted]


def _rendered(tree: Path, stacks: list[str]) -> dict[str, str]:
    """What the tree's own renderer makes of those stacks that it has: texts by path. TreeError if it cannot."""
    # Whatever else is on the path: the modules are the tree's.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    has = [f"--stack={stack}" for stack in stacks if (tree / f"Pulumi.{stack}.yaml").exists()]
    if not has:
        return {}
    with tempfile.TemporaryDirectory(prefix="diff-") as folder:
        command = [sys.executable, "-m", "review.render", *has, "--out", folder]
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip()
            said = said.splitlines()[-1] if "Traceback" in said else said.removeprefix("error: ")
            raise TreeError(said)
        out = Path(folder)
        return {file.relative_to(out).as_posix(): file.read_text(encoding="utf-8") for file in out.rglob("*.yaml")}


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise DiffError(f"{file} cannot be written: {error.strerror}. Give another file: --markdown FILE") from None


def _limit(given: str) -> int:
    if not given.isdecimal() or int(given) < 1000:
        raise argparse.ArgumentTypeError(f"{given} is too small: the summary alone needs up to 1000 characters")
    return int(given)


if __name__ == "__main__":
    sys.exit(main())
