"""What stacks would register, as files: `make render STACK=apac`. Needs no cluster, CLI, credentials or passphrase.

docs/rendering.md says what is where, and what it cannot show.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from review.documents import KUBERNETES, documents
from review.engine import ROOT
from review.program import RenderError, recorded

#: Only a stack's folder with this file is ever cleared.
MARKER = ".made-by-render"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m review.render", description=__doc__)
    # `review.diff` calls the renderer of other commits with these two.
    name = "the stack's name; an organisation may stand before it; may be given several times"
    parser.add_argument("--stack", required=True, action="append", help=name)
    parser.add_argument("--out", type=Path, default=Path("rendered"), help="the folder; `rendered` unless given")
    parser.add_argument("--config-file", type=Path, help="the stack file, if it is not Pulumi.<stack>.yaml")
    options = parser.parse_args(arguments)
    if options.config_file and len(options.stack) > 1:
        parser.error("--config-file is the file of one stack")
    for name in options.stack:
        try:
            print(rendered(name, options.config_file, options.out))
        except RenderError as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            return 1
    return 0


def rendered(name: str, config_file: Path | None, out: Path) -> str:
    """Renders one stack; returns what there is to say of it. RenderError if it cannot be."""
    stack = name.rpartition("/")[2]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", stack):
        raise RenderError("this is no name of a stack: say which, e.g. make render STACK=apac")
    files = documents(recorded(stack, config_file or ROOT / f"Pulumi.{stack}.yaml"))
    write(files, out, stack)
    objects = sum(path.startswith(f"{KUBERNETES}/") for path in files)
    return f"{out / stack}: {objects} Kubernetes objects of its cluster, {len(files) - objects} other resources"


def write(files: dict[str, str], out: Path, stack: str) -> None:
    """Puts the files (text by path) below out/stack, and removes what an earlier run left there.

    RenderError if somebody else made that folder. What is beside it stays.
    """
    folder = out / stack
    try:
        if folder.exists() and not (folder / MARKER).exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RenderError(
                f"{folder} was not made by `make render` and is not empty: files in it might be lost. "
                "Give another folder: OUT=..."
            )
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / MARKER).write_text("`make render` made this folder; it overwrites and removes what is in it.\n")
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RenderError(
            f"{error.filename or out} cannot be written: {error.strerror}. Give another folder: OUT=..."
        ) from None


if __name__ == "__main__":
    sys.exit(main())
