"""Text that others have written, inside GitHub's Markdown: it shows as it is, and does nothing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from policy.objects import KEYS

#: What GitHub takes in a comment. It counts characters; bytes are never fewer.
LIMIT = 65_536
#: Longer lines are cut, so that one file does not push out all others.
LONGEST_LINE = 400
#: Which the policy finds by its first line, and of which no other line may be shown.
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SPECIAL = re.compile(r"[^A-Za-z0-9 .,:/=()\-]")


@dataclass(frozen=True)
class Block:
    """A part of the comment, and the whole of it if that is cut. With a name it may be left out, and is then named."""

    text: str
    name: str = ""
    whole: str = ""


def visible(text: str) -> str:
    """Without colours, hidden characters and what looks like a key, a password or a token."""
    text = KEYS.sub("[redacted]", _PRIVATE_KEY.sub("[redacted]", _ANSI.sub("", text)))
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode() for char in text
    )


def code(text: str) -> str:
    """One line in fixed width, also inside HTML: no Markdown, no tag, no mention, no link to an issue."""
    line = " ".join(visible(text).split())
    return f"<code>{_SPECIAL.sub(lambda found: f'&#{ord(found[0])};', line)}</code>"


def fenced(lines: Sequence[str], language: str = "", most: int | None = None) -> str:
    """A block of code whose fence is longer than any in it; with `most`: so many lines, none of them too long."""
    shown = visible("\n".join(lines[:most])).split("\n")
    if most:
        shown = [_cut(line) for line in shown]
    if most and len(lines) > most:
        shown.append(f" [{len(lines) - most:,} more lines: in the job's log]")
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", "\n".join(shown)) or [""]))
    return "\n".join([f"{ticks}{language}", *shown, ticks])


def cuttable(name: str, lines: Sequence[str], most: int, laid_out: Callable[[str], str], language: str = "") -> Block:
    """A block of code that ends after so many lines; `laid_out`: what is around it."""
    text, full = laid_out(fenced(lines, language, most)), laid_out(fenced(lines, language))
    return Block(text, name, "" if text == full else full)


def folded(summary: str, text: str) -> str:
    """`summary`: HTML."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def fitted(blocks: Sequence[Block]) -> tuple[str, bool]:
    """The comment within GitHub's limit, and whether all is in it. The last of the blocks with a name go first."""
    kept, lost = list(blocks), list[str]()
    while len((text := _joined(kept, lost)).encode()) > LIMIT:
        lost.insert(0, kept.pop(max(index for index, block in enumerate(kept) if block.name)).name)
    return text, not lost and not any(block.whole for block in blocks)


def whole(blocks: Sequence[Block]) -> str:
    """For the job's log."""
    return "\n\n".join(block.whole or block.text for block in blocks)


def _joined(blocks: Sequence[Block], lost: Sequence[str]) -> str:
    text = "\n\n".join(block.text for block in blocks)
    if not lost:
        return f"{text}\n"
    named = ", ".join(code(name) for name in lost[:20]) + (f" and {len(lost) - 20:,} more" if len(lost) > 20 else "")
    return (
        f"{text}\n\n**Cut:** GitHub takes {LIMIT:,} characters in a comment, so this leaves out {len(lost):,} "
        f"part(s): {named}. The whole comment is in the job's log.\n"
    )


def _cut(line: str) -> str:
    more = len(line) - LONGEST_LINE
    return line if more <= 0 else f"{line[:LONGEST_LINE]} [... {more:,} more characters]"
