"""Writes what others are told of the program anew from its code, or with --check only says what differs."""

import argparse
import json
import sys
from pathlib import Path

from provider import hosted
from schemas import page, stack_files

ROOT = Path(__file__).resolve().parent.parent


def documents() -> dict[str, str]:
    """Path below the repository -> the text that belongs there."""
    stack = stack_files.schema()
    return {
        "schemas/stack.json": _json(stack),
        "docs/settings.md": page.page(stack),
        "provider/schema.json": _json(json.loads(hosted.provider().schema or "")),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; the exit status is 1 if something differs")
    check = parser.parse_args(arguments).check
    differing = [path for path, text in documents().items() if _text(ROOT / path) != text]
    for path in differing:
        print(f"{path}: {'differs' if check else 'written'}")
        if not check:
            (ROOT / path).write_text(documents()[path])
    return 1 if check and differing else 0


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
