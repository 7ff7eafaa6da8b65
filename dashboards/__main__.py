"""Writes dashboards/json anew, or with --check only says what is not as the code has it."""

import argparse
import sys

from dashboards import FOLDER
from dashboards.catalogue import documents


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; the exit status is 1 if something differs")
    check = parser.parse_args(arguments).check
    made = {f"{uid}.json": text for uid, text in documents().items()}
    found = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    differing = sorted(name for name in made.keys() | found.keys() if made.get(name) != found.get(name))
    for name in differing:
        print(f"{FOLDER.name}/{name}: {'differs' if check else 'written' if name in made else 'removed'}")
        if check:
            continue
        FOLDER.mkdir(exist_ok=True)
        if name in made:
            (FOLDER / name).write_text(made[name])
        else:
            (FOLDER / name).unlink()
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
