"""What the real CLI printed for a small program (tests/plugins/test_comment.py), by case."""

from pathlib import Path

from review.digest import Digest, parse

RECORDED = Path(__file__).resolve().parent.parent / "data" / "previews"


def text(case: str) -> str:
    return (RECORDED / f"{case}.json").read_text()


def log(case: str) -> str:
    return (RECORDED / f"{case}.log").read_text()


def digest(case: str) -> Digest:
    return parse(text(case))
